"""What is announced of a batch."""

from __future__ import annotations

from conductor.events.cloudevents import EventType, Facts, Total, announcement
from conductor.ledger import Event
from conductor.values import Built, Loaded, Published
from flows.steps.turn import Turn


def dataset_published(turn: Turn, published: Published) -> Event:
    """Announce that readers of the lake see the batch."""
    return announcement(
        EventType.DATASET_PUBLISHED, Facts.of(published.batch, published.rows), turn.workspace.now()
    )


def data_ready(turn: Turn, built: Built) -> Event:
    """Announce that the batch is loaded and its marts are built and tested."""
    loaded = turn.workspace.ledger.remembered(built.batch.id, "load", Loaded)
    sums = tuple(Total(currency=row.currency, amount=row.amount) for row in loaded.sums) if loaded else ()
    facts = Facts.of(built.batch, loaded.rows if loaded else 0, sums)
    return announcement(EventType.DATA_READY, facts, turn.workspace.now())
