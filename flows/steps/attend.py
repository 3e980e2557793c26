"""Attend to what a batch announced."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager

from prefect.runtime import flow_run

from conductor.ledger import Event
from conductor.workspace import Workspace
from flows.steps.opening import new_run_id, open_workspace, utc_now
from flows.steps.subscribers import sole_relay


@contextmanager
def attending(workspace: str, batch: str) -> Generator[tuple[Workspace, Sequence[Event]]]:
    """Give the workspace and the batch's events while nobody else delivers any.

    An unknown batch is `NotFound`; `LeaseHeld` while another process delivers.
    """
    with closing(open_workspace(workspace, os.environ, utc_now, flow_run.id or new_run_id())) as opened:
        known = opened.ledger.batch(batch).batch
        with sole_relay(opened):
            yield opened, opened.ledger.events(known.id)
