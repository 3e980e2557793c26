"""Make typed, checked, partitioned files of the records; set bad rows aside."""

from __future__ import annotations

from pathlib import Path

from conductor import raw
from conductor.engines.choose import EngineName, choose_engine
from conductor.engines.engine import open_engine
from conductor.engines.protocol import RecordsFile, ReferenceFiles, RefineJob
from conductor.engines.spark_session import missing_part
from conductor.errors import FixTheData, StopAndCall
from conductor.quality.mismatch import mismatch
from conductor.quality.quarantine import quarantine
from conductor.tables import file_prefix
from conductor.values import Batch, Landed, Refined, State
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Refined, state=State.REFINED)
def refine(turn: Turn, batch: Batch, engine: EngineName | None = None) -> Refined:
    """Type, check and split the records row by row, join what the product joins, and write Parquet for the table.

    `engine` is asked for by the run; left out, contract, settings and size decide.

    No reader sees the files before they are published. Repeats: files get names of their own attempt; the unused ones are swept.
    """
    job = _job(turn, batch)
    _refuse_other_records(turn, batch, job)
    size = sum(file.path.stat().st_size for file in job.records)
    rows = sum(landed.rows for landed in _objects(turn, batch))
    settings, contract = turn.workspace.settings, turn.product.contract
    choice = choose_engine(
        size, rows, settings.memory_bytes, settings, contract, missing=missing_part(), asked=engine
    )
    outcome = open_engine(choice.engine, settings.memory_bytes).refine(job)
    if not outcome.counts.balanced or outcome.counts.records != rows:
        raise StopAndCall(
            f"rows vanished or came from nowhere: {outcome.counts!r} of {rows:,} rows of records",
            next_command=f"conductor explain {batch.id}",
        )
    rejected = quarantine(turn.workspace.lake, batch, outcome.rejected) if outcome.rejected else None
    return outcome.of(batch, choice, rejected)


def _refuse_other_records(turn: Turn, batch: Batch, job: RefineJob) -> None:
    """Set the whole batch aside where its records are not those of the contract: every row would be bad for the same reason."""
    columns = {name for file in job.records for name in file.scan().collect_schema().names()}
    rows = sum(landed.rows for landed in _objects(turn, batch))
    if rows and (found := mismatch(turn.product.contract, columns)):
        turn.workspace.ledger.mark(batch.id, State.QUARANTINED, found, turn.lease.epoch)
        raise FixTheData(
            f"{turn.slot.id} is set aside whole: {found}",
            next_command=f"conductor replay {batch.id}, once the contract is changed or the source mended",
        )


def _job(turn: Turn, batch: Batch) -> RefineJob:
    workspace, contract = turn.workspace, turn.product.contract
    table = workspace.table(contract)
    return RefineJob(
        product=turn.product,
        batch=batch,
        records=tuple(_fetched(turn, landed) for landed in _objects(turn, batch)),
        references={
            reference.dataset: _reference(turn, reference.dataset, batch) for reference in batch.references
        },
        table_uri=table.uri,
        storage_options=workspace.lake.storage_options(),
        attempt=file_prefix(batch, turn.lease.epoch),
        scratch=turn.scratch,
    )


def _objects(turn: Turn, batch: Batch) -> list[Landed]:
    """Give the batch's objects in its own order: what the source gave, then the corrections of it."""
    known = {landed.object_id: landed for landed in turn.workspace.ledger.objects(turn.slot)}
    return [known[name] for name in batch.object_ids]


def _fetched(turn: Turn, landed: Landed) -> RecordsFile:
    """Have the records on disk: the recorded version, its checksum compared, from the backup if raw does not give it."""
    to = turn.scratch / f"{landed.object_id}{Path(landed.records.key).suffix}"
    raw.fetch_or_backup(turn.workspace.raw, turn.workspace.backup, landed.records, to)
    return RecordsFile(path=to, object_id=landed.object_id, corrects=landed.corrects, plain=landed.plain)


def _reference(turn: Turn, dataset: str, batch: Batch) -> ReferenceFiles:
    table = turn.workspace.table(turn.workspace.product(dataset).contract)
    slot = batch.slot.model_copy(update={"dataset": dataset})
    return ReferenceFiles(
        contract=table.contract, uris=table.files(slot), storage_options=turn.workspace.lake.storage_options()
    )
