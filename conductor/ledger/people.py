"""What people said about a batch: approvals and notes."""

from __future__ import annotations

from sqlalchemy import Connection, select

from conductor.ledger.database import insert
from conductor.ledger.progress import slot_of
from conductor.ledger.rows import Approval, Note
from conductor.ledger.schema import approvals, notes
from conductor.ledger.section import Section, reads, writes


class People(Section):
    """Approvals and notes. Nothing here is ever changed or removed, only added to."""

    @writes
    def approve(
        self, connection: Connection, batch_id: str, what: str, by: str, reason: str, details: str
    ) -> None:
        """Record that a person allows something, seeing `details`; `NotFound` for no such batch."""
        slot_of(connection, batch_id)
        row = {"batch": batch_id, "what": what, "by": by, "reason": reason, "details": details}
        connection.execute(insert(connection, approvals).values(row | {"at": self._database.now()}))

    @reads
    def approval(self, connection: Connection, batch_id: str, what: str) -> Approval | None:
        """Give the last approval of this for a batch."""
        given = (approvals.c.batch == batch_id) & (approvals.c.what == what)
        query = select(approvals).where(given).order_by(approvals.c.id.desc()).limit(1)
        row = connection.execute(query).one_or_none()
        return None if row is None else Approval(row.batch, row.what, row.by, row.reason, row.details, row.at)

    @reads
    def approvals(self, connection: Connection, batch_id: str) -> tuple[Approval, ...]:
        """Give all that was approved for a batch, first one first."""
        query = select(approvals).where(approvals.c.batch == batch_id).order_by(approvals.c.id)
        return tuple(
            Approval(row.batch, row.what, row.by, row.reason, row.details, row.at)
            for row in connection.execute(query)
        )

    @writes
    def note(self, connection: Connection, batch_id: str, by: str, text: str) -> None:
        """Write something down about a batch; `NotFound` for no such batch."""
        slot_of(connection, batch_id)
        row = {"batch": batch_id, "by": by, "text": text, "at": self._database.now()}
        connection.execute(insert(connection, notes).values(row))

    @reads
    def notes(self, connection: Connection, batch_id: str) -> tuple[Note, ...]:
        """Give the notes on a batch, first one first."""
        query = select(notes).where(notes.c.batch == batch_id).order_by(notes.c.id)
        return tuple(Note(row.batch, row.by, row.text, row.at) for row in connection.execute(query))
