"""Make typed, checked, partitioned files of the records; set bad rows aside."""

from __future__ import annotations

from conductor.engines.choose import EngineName, choose_engine
from conductor.engines.engine import open_engine
from conductor.engines.polars_errors import sorted_errors
from conductor.engines.polars_records import schema_of
from conductor.engines.protocol import RefineJob
from conductor.engines.spark_cluster import spark_cluster
from conductor.engines.spark_session import missing_part
from conductor.engines.spark_sizes import spark_sizes
from conductor.errors import FixTheData, Missing, StopAndCall
from conductor.quality.mismatch import mismatch
from conductor.quality.quarantine import quarantine
from conductor.values import Batch, EngineChoice, Refined, State
from conductor.workspace import ROOT
from flows.steps.job import objects_of, refine_job
from flows.steps.step import step
from flows.steps.turn import Turn

EXECUTOR = ROOT / "k8s" / "spark" / "executor.yaml"


@step(Refined, state=State.REFINED)
def refine(turn: Turn, batch: Batch, engine: EngineName | None = None, memory_class: int = 0) -> Refined:
    """Type, check and split the records row by row, join what the product joins, and write Parquet for the table.

    `engine` is asked for by the run; left out, contract, settings and size decide. `memory_class` is that of `spark_sizes`.

    No reader sees the files before they are published. Repeats: files get names of their own attempt; the unused ones are swept.
    """
    settings = turn.workspace.settings
    choice = chosen(turn, batch, engine, missing_part())
    sizes = spark_sizes(choice.size, settings, memory_class)
    executors = spark_cluster(settings, sizes, EXECUTOR) if choice.engine == EngineName.SPARK else None
    with refine_job(turn, batch, remote=executors is not None) as job:
        _refuse_other_records(turn, batch, job, choice.rows)
        outcome = open_engine(choice.engine, settings.memory_bytes, executors).refine(job)
    if not outcome.counts.balanced or outcome.counts.records != choice.rows:
        raise StopAndCall(
            f"rows vanished or came from nowhere: {outcome.counts!r} of {choice.rows:,} rows of records",
            next_command=f"conductor explain {batch.id}",
        )
    rejected = quarantine(turn.workspace.lake, batch, outcome.rejected) if outcome.rejected else None
    return outcome.of(batch, choice, rejected)


def chosen(turn: Turn, batch: Batch, asked: EngineName | None, missing: Missing | None) -> EngineChoice:
    """Give the engine for a batch, by what was landed of it; `missing` is what Spark lacks where it would run."""
    objects = objects_of(turn, batch)
    size, rows = sum(landed.records.size for landed in objects), sum(landed.rows for landed in objects)
    settings = turn.workspace.settings
    return choose_engine(
        size, rows, settings.memory_bytes, settings, turn.product.contract, missing=missing, asked=asked
    )


def _refuse_other_records(turn: Turn, batch: Batch, job: RefineJob, rows: int) -> None:
    """Set the whole batch aside where its records are not those of the contract: every row would be bad for the same reason."""
    with sorted_errors(turn.slot.dataset):
        columns = {name for file in job.records for name in schema_of(file)}
    if rows and (found := mismatch(turn.product.contract, columns)):
        turn.workspace.ledger.mark(batch.id, State.QUARANTINED, found, turn.lease.epoch)
        raise FixTheData(
            f"{turn.slot.id} is set aside whole: {found}",
            next_command=f"conductor replay {batch.id}, once the contract is changed or the source mended",
        )
