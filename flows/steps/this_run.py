"""The workspace that a flow run works in."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing, contextmanager

from prefect.runtime import flow_run

from conductor.workspace import Workspace
from flows.steps.opening import new_run_id, open_workspace, utc_now


@contextmanager
def workspace_of_run(name: str) -> Generator[Workspace]:
    """Open a workspace for the body; in the ledger the run is called as in Prefect."""
    with closing(open_workspace(name, os.environ, utc_now, flow_run.id or new_run_id())) as opened:
        yield opened
