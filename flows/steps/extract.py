"""Ask the source for the slot's documents."""

from __future__ import annotations

from conductor.values import Extract
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Extract)
def extract(turn: Turn) -> Extract:
    """Read the slot from its source: the pages as they came and, once, the records.

    Repeats: the source is really asked again, since only it knows whether something changed.
    """
    contract = turn.product.contract
    source = turn.workspace.source(contract.source)
    return source.extract(contract.entity, turn.slot, turn.scratch / "extract")
