"""Attempts: every go at a slot, and how it ended."""

from __future__ import annotations

from sqlalchemy import Connection, Row, Select, func, select, update

from conductor.ledger.database import insert
from conductor.ledger.leases import fence
from conductor.ledger.rows import Attempt, ErrorRecord
from conductor.ledger.schema import attempts, slots
from conductor.ledger.section import Section, reads, writes
from conductor.values import Slot

NO_ERROR = ErrorRecord("", "")
LOST = "lost"


class Attempts(Section):
    """The slots that were ever worked on, and the attempts at each."""

    @writes
    def begin(self, connection: Connection, slot: Slot, run_id: str, epoch: int) -> int:
        """Open the next attempt at a slot and give its number, from 1.

        Attempts of older epochs that never ended are closed as lost: their process is gone or fenced off.
        """
        keep(connection, slot)
        fence(connection, slot.id, epoch)
        now = self._database.now()
        gone = (attempts.c.slot == slot.id) & attempts.c.ended_at.is_(None) & (attempts.c.epoch < epoch)
        connection.execute(update(attempts).where(gone).values(outcome=LOST, ended_at=now))
        highest = select(func.coalesce(func.max(attempts.c.attempt), 0)).where(attempts.c.slot == slot.id)
        number = connection.execute(highest).scalar_one() + 1
        row = {"slot": slot.id, "attempt": number, "run_id": run_id, "epoch": epoch, "started_at": now}
        connection.execute(insert(connection, attempts).values(row))
        return number

    @writes
    def end(
        self,
        connection: Connection,
        slot: Slot,
        attempt: int,
        outcome: str,
        batch_id: str | None = None,
        error: ErrorRecord | None = None,
    ) -> None:
        """Close an attempt. One that was closed before keeps its first end."""
        said = error or NO_ERROR
        row = {
            "ended_at": self._database.now(),
            "outcome": outcome,
            "batch": batch_id,
            "error_class": said.error_class or None,
            "sentence": said.sentence or None,
            "next_command": said.next_command,
            "step": said.step,
        }
        open_ = (attempts.c.slot == slot.id) & (attempts.c.attempt == attempt) & attempts.c.ended_at.is_(None)
        connection.execute(update(attempts).where(open_).values(row))

    @reads
    def attempts(self, connection: Connection, slot: Slot) -> tuple[Attempt, ...]:
        """Give the attempts at a slot, first one first."""
        return _attempts(
            connection, select(attempts).where(attempts.c.slot == slot.id).order_by(attempts.c.attempt)
        )

    @reads
    def attempts_of(self, connection: Connection, run_id: str) -> tuple[Attempt, ...]:
        """Give the attempts that a run made, first one first."""
        return _attempts(
            connection, select(attempts).where(attempts.c.run_id == run_id).order_by(attempts.c.id)
        )

    @reads
    def recent_attempts(self, connection: Connection, n: int) -> tuple[Attempt, ...]:
        """Give the last n attempts of all slots, newest first."""
        return _attempts(connection, select(attempts).order_by(attempts.c.id.desc()).limit(n))

    @reads
    def open_attempts(self, connection: Connection) -> tuple[Attempt, ...]:
        """Give the attempts of all slots that nobody has closed, first one first."""
        return _attempts(
            connection, select(attempts).where(attempts.c.ended_at.is_(None)).order_by(attempts.c.id)
        )

    @reads
    def slots(self, connection: Connection, dataset: str) -> tuple[Slot, ...]:
        """Give the slots of a dataset that were ever worked on, by day and part."""
        query = select(slots.c.id).where(slots.c.dataset == dataset).order_by(slots.c.day, slots.c.part)
        return tuple(Slot.parse(name) for name in connection.execute(query).scalars())


def keep(connection: Connection, slot: Slot) -> None:
    """Have a row for the slot, for others to refer to."""
    row = {"id": slot.id, "dataset": slot.dataset, "day": slot.day, "part": slot.part}
    connection.execute(insert(connection, slots).values(row).on_conflict_do_nothing())


def _attempts(connection: Connection, query: Select[tuple[object, ...]]) -> tuple[Attempt, ...]:
    return tuple(_attempt(row) for row in connection.execute(query))


def _attempt(row: Row[tuple[object, ...]]) -> Attempt:
    return Attempt(
        slot=Slot.parse(row.slot),
        attempt=row.attempt,
        run_id=row.run_id,
        epoch=row.epoch,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        batch=row.batch,
        error=ErrorRecord(row.error_class, row.sentence, row.next_command, row.step)
        if row.error_class
        else None,
    )
