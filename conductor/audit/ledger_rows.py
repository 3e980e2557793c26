"""Rows of the ledger that no verb of it tells: announcements, and what consumers did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from conductor.ledger.database import Database
from conductor.ledger.rows import Event, Verdict
from conductor.ledger.schema import events, inbox
from conductor.values import Slot


@dataclass(frozen=True)
class Effect:
    """A consumer acted on an event of a version."""

    consumer: str
    event: str
    version: int
    received_at: datetime


def announcements(database: Database, slot: Slot, event_type: str) -> tuple[Event, ...]:
    """Give the outbox's events of a type about a slot, oldest first."""
    names = [events.c[name] for name in Event.__dataclass_fields__]
    query = select(*names).where(events.c.subject == slot.id, events.c.type == event_type)

    def read(connection: Connection) -> tuple[Event, ...]:
        return tuple(Event(**row) for row in connection.execute(query.order_by(events.c.number)).mappings())

    return database.read(read)


def effects(database: Database, slot: Slot, event_type: str) -> tuple[Effect, ...]:
    """Give what consumers did, or are about to do, on events of a type about a slot, in order of arrival."""
    query = (
        select(inbox.c.consumer, inbox.c.event, events.c.version, inbox.c.received_at)
        .join(events, events.c.id == inbox.c.event)
        .where(events.c.subject == slot.id, events.c.type == event_type)
        .where(inbox.c.verdict == Verdict.NEW.value)
        .order_by(inbox.c.received_at, inbox.c.consumer)
    )

    def read(connection: Connection) -> tuple[Effect, ...]:
        return tuple(Effect(**row) for row in connection.execute(query).mappings())

    return database.read(read)
