"""Refine one batch as a run of its own: where a large batch goes to machines of another size."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from conductor.engines.choose import EngineName
from flows.finance.accounting_aggregates import BatchId
from flows.finance.nightly_financials import WorkspaceName
from flows.steps.holder import Errand
from flows.steps.refine import refine
from flows.steps.taking import require_current
from flows.steps.this_run import workspace_of_run
from flows.steps.turn import turn


@flow(name="refine-batch", flow_run_name="refine {batch}", persist_result=False, log_prints=False)
def refine_batch(
    batch: BatchId,
    workspace: WorkspaceName = "embedded",
    engine: EngineName | None = None,
    memory_class: Annotated[int, Field(ge=0, le=8)] = 0,
) -> None:
    """Do the refine step of a batch that the ledger knows; the run that carries its slot goes on from there, and tells people.

    Repeats: a batch that is refined already stays as it is, and nothing is written.

    Args:
        batch: Batch to refine; its records are landed. A run that has its slot is waited for.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
        engine: Engine that refines. Left empty: contract, settings and size decide.
        memory_class: How often runs of this product were short of memory: each time, Spark on a cluster gets half as much again.
    """
    with workspace_of_run(workspace) as opened:
        known = opened.ledger.batch(batch).batch
        with turn(opened, known.slot, Errand.REFINE) as mine:
            mine.batch = known
            require_current(opened, known)
            refine(mine, known, engine, memory_class)
