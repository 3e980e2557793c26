"""Make the batch visible to readers of the lake."""

from __future__ import annotations

from conductor.ledger import Event
from conductor.values import Gated, Published, Refined, State
from flows.steps.facts import dataset_published
from flows.steps.step import step
from flows.steps.turn import Turn


def _events(turn: Turn, published: Published) -> tuple[Event, ...]:
    return (dataset_published(turn, published),)


@step(Published, state=State.PUBLISHED, events=_events)
def publish(turn: Turn, refined: Refined, gated: Gated) -> Published:
    """Commit the batch's files to the Delta table and take the slot's older version out, in one commit.

    Repeats: the commit of this version is found in the table's log, and nothing is written.
    """
    del gated  # asked for so that nobody publishes what no gate has passed
    table = turn.workspace.table(turn.product.contract)
    turn.workspace.ledger.ensure(turn.lease)
    return table.publish(refined.batch, refined.files, turn.lease.epoch, turn.workspace.now())
