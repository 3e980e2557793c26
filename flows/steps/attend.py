"""Attend to what a batch announced."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from conductor.ledger import Event
from conductor.workspace import Workspace
from flows.steps.subscribers import sole_relay
from flows.steps.this_run import workspace_of_run


@contextmanager
def attending(workspace: str, batch: str) -> Generator[tuple[Workspace, Sequence[Event]]]:
    """Give the workspace and the batch's events while nobody else delivers any.

    An unknown batch is `NotFound`; `LeaseHeld` while another process delivers.
    """
    with workspace_of_run(workspace) as opened:
        known = opened.ledger.batch(batch).batch
        with sole_relay(opened):
            yield opened, opened.ledger.events(known.id)
