"""Finished steps and what each handed on, and the retry budget of those that fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, delete, select, update

from conductor.errors import LeaseLost
from conductor.ledger.attempts import keep
from conductor.ledger.database import insert
from conductor.ledger.leases import fence
from conductor.ledger.outbox import put
from conductor.ledger.progress import lock, move, slot_of
from conductor.ledger.rows import Event, StepRow
from conductor.ledger.schema import batches, failures, steps
from conductor.ledger.section import Section, reads, writes
from conductor.values import Slot, State, Value

V = TypeVar("V", bound=Value)


class Steps(Section):
    """What the steps of each batch did, and how often they failed in the same way."""

    @reads
    def remembered(self, connection: Connection, batch_id: str, step: str, value_type: type[V]) -> V | None:
        """Give what a finished step handed on.

        None if it did not finish, or if what it left is of another schema version or unreadable: computed
        again.
        """
        query = select(steps.c.schema_version, steps.c.value).where(
            steps.c.batch == batch_id, steps.c.step == step
        )
        row = connection.execute(query).one_or_none()
        if row is None or row.schema_version != value_type.schema_version:
            return None
        try:
            return value_type.model_validate_json(row.value)
        except ValidationError:
            return None

    @writes
    def remember(
        self,
        connection: Connection,
        batch_id: str,
        step: str,
        value: Value,
        *,
        state: State | None,
        rows: int | None,
        seconds: float,
        peak_mib: float | None,
        epoch: int,
        events: Sequence[Event] = (),
    ) -> None:
        """Keep what a step did, move the batch and put its events into the outbox: all of it or nothing.

        A repeated call overwrites the step's row, adds no event twice and moves the batch no step back.
        `LeaseLost` under an older epoch than the slot's lease or the row that is there; `Superseded` if a
        newer version has taken effect; `NotFound` for an unknown batch.
        """
        fence(connection, slot_of(connection, batch_id), epoch)
        lock(connection, batch_id, state)
        now = self._database.now()
        row = {
            "schema_version": value.schema_version,
            "value": value.model_dump_json(),
            "rows": rows,
            "seconds": seconds,
            "peak_mib": peak_mib,
            "epoch": epoch,
            "finished_at": now,
        }
        _upsert(connection, batch_id, step, row)
        if state is not None:
            move(connection, batch_id, state, None, now)
        put(connection, events)

    @reads
    def steps(self, connection: Connection, batch_id: str) -> tuple[StepRow, ...]:
        """Give the finished steps of a batch in the order in which they finished."""
        query = select(steps).where(steps.c.batch == batch_id).order_by(steps.c.finished_at, steps.c.step)
        return tuple(StepRow(**row) for row in connection.execute(query).mappings())

    @writes
    def take_back(self, connection: Connection, batch_id: str, names: Sequence[str], state: State) -> None:
        """Forget finished steps whose evidence was lost, and where they had brought the batch, so that a run does them again.

        `NotFound` for an unknown batch; `Superseded` for one that a newer version ended.
        """
        lock(connection, batch_id, None)
        connection.execute(delete(steps).where(steps.c.batch == batch_id, steps.c.step.in_(names)))
        back = {"reached": state.value, "ended": None, "changed_at": self._database.now()}
        connection.execute(update(batches).where(batches.c.id == batch_id).values(back))

    @writes
    def count_failure(
        self, connection: Connection, slot: Slot, step: str, error_class: str, fingerprint: str
    ) -> int:
        """Count a failure and give how often this same one happened; at the budget's end the batch is poison.

        `fingerprint` is a digest of what makes two failures equal, not the failure's text.
        """
        keep(connection, slot)
        now = self._database.now()
        row = {"slot": slot.id, "step": step, "error_class": error_class, "fingerprint": fingerprint}
        first = insert(connection, failures).values(row | {"count": 1, "last_at": now})
        counted = first.on_conflict_do_update(
            index_elements=list(failures.primary_key), set_={"count": failures.c.count + 1, "last_at": now}
        )
        return connection.execute(counted.returning(failures.c.count)).scalar_one()

    @writes
    def clear_failures(self, connection: Connection, slot: Slot, step: str | None = None) -> None:
        """Forget the failures of a step, or of all steps: it succeeded, or a person mended the cause."""
        one = [] if step is None else [failures.c.step == step]
        connection.execute(delete(failures).where(failures.c.slot == slot.id, *one))


def _upsert(connection: Connection, batch_id: str, step: str, row: Mapping[str, object]) -> None:
    first = insert(connection, steps).values({**row, "batch": batch_id, "step": step})
    upsert = first.on_conflict_do_update(
        index_elements=list(steps.primary_key), set_=row, where=steps.c.epoch <= first.excluded.epoch
    )
    if connection.execute(upsert.returning(steps.c.step)).one_or_none() is None:
        raise LeaseLost(f"A run of a higher epoch has already finished {step}", batch=batch_id, step=step)
