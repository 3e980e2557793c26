"""Tell whoever depends on the data."""

from __future__ import annotations

from conductor.values import Announced, Posted, State
from flows.steps.step import step
from flows.steps.subscribers import deliver
from flows.steps.turn import Turn


@step(Announced, state=State.ANNOUNCED)
def announce(turn: Turn, posted: Posted) -> Announced:
    """Deliver the batch's events from the outbox to all subscribers; what can't be delivered now stays there for the relay.

    Repeats: delivers what is not delivered yet; a subscriber that has an event takes no notice of it.
    """
    deliver(turn.workspace)
    events = turn.workspace.ledger.events(posted.batch.id)
    tried = (each for event in events for each in turn.workspace.ledger.deliveries(event.id))
    delivered = sum(each.delivered_at is not None for each in tried)
    return Announced(batch=posted.batch, events=tuple(event.id for event in events), delivered=delivered)
