"""Put cold copies of a proven batch aside."""

from __future__ import annotations

from conductor import raw
from conductor.values import Announced, Archived, State
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Archived, state=State.ARCHIVED)
def archive(turn: Turn, announced: Announced) -> Archived:
    """Copy the batch's raw objects and curated files into the archive zone, whose lifecycle moves them to a cold tier.

    Repeats: copies that are there are compared by checksum, and nothing is written.
    """
    workspace, batch = turn.workspace, announced.batch
    objects = [found for found in workspace.ledger.objects(batch.slot) if found.object_id in batch.object_ids]
    curated = workspace.table(turn.product.contract).keys(batch.slot)
    copies = raw.archive(workspace.raw, workspace.lake, objects, curated)
    return Archived(batch=batch, copies=copies)
