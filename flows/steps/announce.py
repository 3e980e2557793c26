"""Tell whoever depends on the data."""

from __future__ import annotations

from conductor.values import Announced, Posted, State
from flows.steps.step import step
from flows.steps.subscribers import relay
from flows.steps.turn import Turn


@step(Announced, state=State.ANNOUNCED)
def announce(turn: Turn, posted: Posted) -> Announced:
    """Deliver the batch's events from the outbox to all subscribers; what can't be delivered now stays there for the relay.

    Repeats: delivers what is not delivered yet; a subscriber that has an event takes no notice of it.
    """
    relay(turn.workspace).run_once()
    events = turn.workspace.ledger.events(posted.batch.id)
    delivered = sum(len(turn.workspace.ledger.deliveries(event.id)) for event in events)
    return Announced(batch=posted.batch, events=tuple(event.id for event in events), delivered=delivered)
