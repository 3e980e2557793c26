"""The inbox: a consumer acts on each event once, and never on an older version after a newer one (R5).

Two ways to use it:

- `accept` judges and closes in one transaction. For consumers whose effect is a write of their own after
  which nothing is lost if it does not happen (a wake-up): killed right after `accept`, the consumer does not
  get the event again.
- `effect`, or `begin_effect` and `finish_effect` around it, for all others: killed in between, the consumer
  gets the event again as NEW when the relay repeats it. So the effect happens at least once, and once in
  effect if it is idempotent.

The inbox orders what it hands out, not what two processes of one consumer do at the same time: those take a
lease under the consumer's name first.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, select, update

from conductor.ledger.database import insert
from conductor.ledger.rows import Event, Verdict
from conductor.ledger.schema import inbox, inbox_heads
from conductor.ledger.section import Section, reads, writes


class Inbox(Section):
    """What each consumer has seen."""

    @writes
    def accept(self, connection: Connection, consumer: str, event: Event) -> Verdict:
        """Judge an event and close it: NEW once, DUPLICATE after that.

        OLDER if a higher version of the same type and subject was handed out; this is recorded as ignored.
        """
        verdict = self._judge(connection, consumer, event)
        self._finish(connection, consumer, event)
        return verdict

    @writes
    def begin_effect(self, connection: Connection, consumer: str, event: Event) -> Verdict:
        """Judge an event and leave it open: NEW until `finish_effect`, or a higher version overtakes."""
        return self._judge(connection, consumer, event)

    @writes
    def finish_effect(self, connection: Connection, consumer: str, event: Event) -> None:
        """Close an event after its effect; a repeated call changes nothing."""
        self._finish(connection, consumer, event)

    @contextmanager
    def effect(self, consumer: str, event: Event) -> Generator[Verdict]:
        """Give the verdict to a block that acts on NEW; close the event if the block ends without error."""
        verdict = self.begin_effect(consumer, event)
        yield verdict
        if verdict is Verdict.NEW:
            self.finish_effect(consumer, event)

    @reads
    def ignored(self, connection: Connection, consumer: str) -> tuple[str, ...]:
        """Give the ids of events that a consumer ignored as older, in the order in which they came."""
        older = (inbox.c.consumer == consumer) & (inbox.c.verdict == Verdict.OLDER.value)
        query = select(inbox.c.event).where(older).order_by(inbox.c.received_at, inbox.c.event)
        return tuple(connection.execute(query).scalars())

    def _judge(self, connection: Connection, consumer: str, event: Event) -> Verdict:
        row = {"verdict": Verdict.NEW.value, "received_at": self._database.now()}
        first = insert(connection, inbox).values(consumer=consumer, event=event.id, **row)
        connection.execute(first.on_conflict_do_nothing())
        closed = select(inbox.c.finished_at).where(_mine(consumer, event)).with_for_update()
        if connection.execute(closed).scalar_one() is not None:
            return Verdict.DUPLICATE
        if _leads(connection, consumer, event):
            return Verdict.NEW
        connection.execute(update(inbox).where(_mine(consumer, event)).values(verdict=Verdict.OLDER.value))
        self._finish(connection, consumer, event)
        return Verdict.OLDER

    def _finish(self, connection: Connection, consumer: str, event: Event) -> None:
        open_ = _mine(consumer, event) & inbox.c.finished_at.is_(None)
        connection.execute(update(inbox).where(open_).values(finished_at=self._database.now()))


def _leads(connection: Connection, consumer: str, event: Event) -> bool:
    """Raise the highest version handed out to this event's; False if it is higher already."""
    first = insert(connection, inbox_heads).values(
        consumer=consumer, type=event.type, subject=event.subject, version=event.version
    )
    raised = first.on_conflict_do_update(
        index_elements=list(inbox_heads.primary_key),
        set_={"version": first.excluded.version},
        where=inbox_heads.c.version <= first.excluded.version,
    )
    return connection.execute(raised.returning(inbox_heads.c.version)).one_or_none() is not None


def _mine(consumer: str, event: Event) -> ColumnElement[bool]:
    return (inbox.c.consumer == consumer) & (inbox.c.event == event.id)
