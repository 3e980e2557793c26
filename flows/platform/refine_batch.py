"""Refine one batch as a run of its own: where a large batch goes to machines of another size."""

from __future__ import annotations

from prefect import flow

from conductor.engines.choose import EngineName
from flows.finance.accounting_aggregates import BatchId
from flows.finance.nightly_financials import WorkspaceName
from flows.steps.night import mending
from flows.steps.refine import refine
from flows.steps.turn import turn


@flow(name="refine-batch", flow_run_name="refine {batch}", persist_result=False, log_prints=False)
def refine_batch(
    batch: BatchId, workspace: WorkspaceName = "embedded", engine: EngineName | None = None
) -> None:
    """Do the refine step of a batch that the ledger knows; the run that carries its slot goes on from there.

    Repeats: a batch that is refined already stays as it is, and nothing is written.

    Args:
        batch: Batch to refine; its records are landed, and its slot is in no other run's hands.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
        engine: Engine that refines. Left empty: contract, settings and size decide.
    """
    with mending(workspace, batch) as (opened, slot), turn(opened, slot) as mine:
        mine.batch = opened.ledger.batch(batch).batch
        refine(mine, mine.batch, engine)
