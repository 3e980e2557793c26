"""Bring a product that another one joins."""

from __future__ import annotations

from conductor.values import Reference, Slot
from flows.steps.back_up import back_up
from flows.steps.branch import refine
from flows.steps.extract import extract
from flows.steps.gate import gate
from flows.steps.land import land
from flows.steps.publish import publish
from flows.steps.turn import Turn, turn
from flows.steps.version import version


def bring(mine: Turn, dataset: str, *, fresh: bool) -> Reference:
    """Carry the joined product's slot of the same day as far as the lake, and say which version that is.

    `fresh` asks its source; otherwise the version that is there stands, so that a restated day joins what it joined before.
    Repeats: the same content is the same version.
    """
    slot = Slot(dataset=dataset, day=mine.slot.day)
    if not fresh and (
        there := mine.workspace.table(mine.workspace.product(dataset).contract).published(slot)
    ):
        return Reference(dataset=dataset, batch=there.batch.id, table_version=there.table_version)
    with turn(mine.workspace, slot) as other:
        landed = land(other, extract(other))
        batch = version(other, landed, back_up(other, landed))
        refined = refine(other, batch)
        published = publish(other, refined, gate(other, refined))
        return Reference(dataset=dataset, batch=batch.id, table_version=published.table_version)
