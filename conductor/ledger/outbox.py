"""The outbox: events wait here, written with what they announce, until every subscriber has them (R5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, select

from conductor.errors import NotFound
from conductor.ledger.database import insert
from conductor.ledger.rows import Delivery, Event
from conductor.ledger.schema import deliveries, events
from conductor.ledger.section import Section, reads, writes

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)

EVENT = (
    events.c.id,
    events.c.type,
    events.c.subject,
    events.c.batch,
    events.c.version,
    events.c.time,
    events.c.data,
)


class Outbox(Section):
    """Events and their deliveries: at least once to each subscriber, under the same id every time."""

    @reads
    def events(self, connection: Connection, batch_id: str) -> tuple[Event, ...]:
        """Give the events of a batch, oldest first."""
        query = select(*EVENT).where(events.c.batch == batch_id).order_by(events.c.number)
        return tuple(Event(**row) for row in connection.execute(query).mappings())

    @reads
    def event(self, connection: Connection, event_id: str) -> Event | None:
        """Give the event of this id, if there is one."""
        row = connection.execute(select(*EVENT).where(events.c.id == event_id)).mappings().one_or_none()
        return None if row is None else Event(**row)

    @writes
    def announce(self, connection: Connection, announced: Sequence[Event]) -> None:
        """Put events into the outbox that are missing there, as after a loss; one that is there changes nothing."""
        put(connection, announced)

    @reads
    def undelivered(self, connection: Connection, subscriber: str, limit: int) -> tuple[Event, ...]:
        """Give events that a subscriber does not have and whose next try is due, oldest first.

        Looks at what was delivered, not past a last number: on PostgreSQL a lower number may be committed
        later.
        """
        here = (deliveries.c.event == events.c.id) & (deliveries.c.subscriber == subscriber)
        due = deliveries.c.next_try_at.is_(None) | (deliveries.c.next_try_at <= self._database.now())
        query = (
            select(*EVENT)
            .join(deliveries, here, isouter=True)
            .where(deliveries.c.delivered_at.is_(None), due)
        )
        return tuple(
            Event(**row)
            for row in connection.execute(query.order_by(events.c.number).limit(limit)).mappings()
        )

    @writes
    def delivered(self, connection: Connection, event_id: str, subscriber: str) -> None:
        """Record that a subscriber has an event. Once delivered it stays so."""
        before = _delivery(connection, event_id, subscriber)
        if before.delivered_at is None:
            now = self._database.now()
            _keep(connection, Delivery(event_id, subscriber, before.attempts + 1, now, None, None))

    @writes
    def failed_delivery(self, connection: Connection, event_id: str, subscriber: str, sentence: str) -> None:
        """Record a failed try and put off the next, twice as long each time. Once delivered it stays so."""
        before = _delivery(connection, event_id, subscriber)
        if before.delivered_at is None:
            next_try = self._database.now() + wait(before.attempts + 1)
            _keep(connection, Delivery(event_id, subscriber, before.attempts + 1, None, next_try, sentence))

    @reads
    def deliveries(self, connection: Connection, event_id: str) -> tuple[Delivery, ...]:
        """Give how far an event has come to each subscriber that was tried, by name."""
        query = select(deliveries).where(deliveries.c.event == event_id).order_by(deliveries.c.subscriber)
        return tuple(Delivery(**row) for row in connection.execute(query).mappings())


def wait(failed: int) -> timedelta:
    """Give how long to wait after so many failed tries (at least one)."""
    return min(FIRST_WAIT * 2 ** min(failed - 1, 20), LONGEST_WAIT)


def put(connection: Connection, batch: Sequence[Event]) -> None:
    """Write events within the transaction of what they announce; one that is there changes nothing."""
    for event in batch:
        row = {column.name: getattr(event, column.name) for column in EVENT}
        connection.execute(insert(connection, events).values(row).on_conflict_do_nothing())


def _delivery(connection: Connection, event_id: str, subscriber: str) -> Delivery:
    if connection.execute(select(events.c.id).where(events.c.id == event_id)).one_or_none() is None:
        raise NotFound(f"The outbox has no event {event_id}")
    first = insert(connection, deliveries).values(event=event_id, subscriber=subscriber, attempts=0)
    connection.execute(first.on_conflict_do_nothing())
    here = (deliveries.c.event == event_id) & (deliveries.c.subscriber == subscriber)
    return Delivery(**connection.execute(select(deliveries).where(here).with_for_update()).mappings().one())


def _keep(connection: Connection, delivery: Delivery) -> None:
    here = (deliveries.c.event == delivery.event) & (deliveries.c.subscriber == delivery.subscriber)
    row = {
        "attempts": delivery.attempts,
        "delivered_at": delivery.delivered_at,
        "next_try_at": delivery.next_try_at,
        "sentence": delivery.sentence,
    }
    connection.execute(deliveries.update().where(here).values(row))
