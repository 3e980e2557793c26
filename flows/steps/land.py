"""Put an extract into the raw zone."""

from __future__ import annotations

from conductor import raw
from conductor.values import Extract, Landed
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Landed)
def land(turn: Turn, extracted: Extract) -> Landed:
    """Write the bytes as they came, then the records, then the manifest, each create-only.

    Repeats: the same content is the same object; it is found by its manifest and nothing is written.
    """
    landed = raw.land(turn.workspace.raw, extracted)
    turn.workspace.ledger.record_object(landed)
    return landed
