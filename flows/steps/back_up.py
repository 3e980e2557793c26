"""Put the same bytes in the second place before anything is made of them."""

from __future__ import annotations

from conductor import raw
from conductor.values import BackedUp, Landed
from flows.steps.step import step
from flows.steps.turn import Turn


@step(BackedUp)
def back_up(turn: Turn, landed: Landed) -> BackedUp:
    """Copy a raw object to the backup store, read it back and compare.

    Repeats: what is there is read back and compared, and nothing is written.
    """
    return raw.back_up(turn.workspace.raw, turn.workspace.backup, landed)
