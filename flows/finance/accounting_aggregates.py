"""The accountants' monthly totals, brought up to date for a batch that is ready."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.finance.nightly_financials import WorkspaceName
from flows.steps.attend import attending
from flows.steps.subscribers import aggregates

BatchId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


@flow(
    name="accounting-aggregates",
    flow_run_name="accounting aggregates, batch {batch}",
    persist_result=False,
    log_prints=False,
)
def accounting_aggregates(batch: BatchId, workspace: WorkspaceName = "embedded") -> None:
    """Add up revenue per month, currency and account anew, if the batch is news to the accountants' totals.

    Repeats: an event that took effect before, or is older than one that did, changes nothing.

    Args:
        batch: Batch whose DataReady event is taken up; the artifact of a day's run names it.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
    """
    with attending(workspace, batch) as (opened, events):
        for event in events:
            aggregates(opened).deliver(event)
