"""Bring runs, Jobs and ledger in line on a cluster, every minute."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from prefect.logging import get_run_logger
from pydantic import Field

from flows.finance.nightly_financials import WorkspaceName
from flows.steps.tend import tend
from flows.steps.this_run import workspace_of_run

Namespace = Annotated[str, Field(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


@flow(name="reconcile", flow_run_name="reconcile {namespace}", persist_result=False, log_prints=False)
def reconcile_cluster(workspace: WorkspaceName, namespace: Namespace = "conductor-flows") -> None:
    """Give runs that nobody ends their end and cause, repeat what ran out of memory once, and clear away what is left over.

    Repeats: nothing is left to do.

    Args:
        workspace: Name of the Workspace block whose ledger is kept in line.
        namespace: Namespace in which flow runs have their Jobs and pods.
    """
    with workspace_of_run(workspace) as opened:
        for sentence in tend(opened, namespace):
            get_run_logger().info(sentence)
