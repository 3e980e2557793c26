"""At the door of a slot: who has it, and whether to wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from conductor.errors import Superseded
from conductor.ledger import Lease
from conductor.values import Batch, Slot
from conductor.workspace import Workspace
from flows.steps.holder import Errand, errand_of, run_of
from flows.steps.leased import acquired

SHORTEST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 15.0  # seconds


def pauses() -> Iterator[float]:
    """Give how long to wait between one look and the next, in seconds, longer each time."""
    pause = SHORTEST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def take(workspace: Workspace, slot: Slot, errand: Errand = Errand.CARRY) -> Lease:
    """Take the slot's lease, under a higher epoch than anyone had before.

    A run that refines is waited for by those that carry, as long as it lives: it gives the slot back for them to go on. It
    waits itself, for `spark_wait_seconds`, until the one that started it has let go. Another process of the same run is waited
    for: on a cluster a run's pod is replaced, or started twice, and what the other one has is given back at its end, or runs out
    if it was killed; to fail for it would leave the slot to the next night. `LeaseHeld` otherwise.
    """
    ttl = timedelta(seconds=workspace.settings.lease_seconds)
    until = time.monotonic() + workspace.settings.spark_wait_seconds

    def waits() -> bool:
        if errand is Errand.REFINE:
            return time.monotonic() <= until
        there = workspace.ledger.lease(slot.id)
        return there is None or not _bars(there.holder, workspace.run_id)

    return acquired(workspace, slot.id, ttl, waits, pauses(), errand)


def _bars(name: str, run_id: str) -> bool:
    return errand_of(name) is Errand.CARRY and run_of(name) != run_id


def require_current(workspace: Workspace, batch: Batch) -> None:
    """Pass if the batch is the newest version of its slot; `Superseded` if a newer one was opened meanwhile.

    Only the holder of the slot's lease opens versions, so it stays true as long as that is held.
    """
    newest = workspace.ledger.current(batch.slot)
    if newest and newest.batch.version > batch.version:
        raise Superseded(
            f"version {newest.batch.version} of {batch.slot.id} was opened after version {batch.version}",
            batch=batch.id,
        )
