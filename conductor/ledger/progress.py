"""Moving a batch, inside the transaction of whoever reports the progress."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Row, func, select, update

from conductor.errors import NotFound, Superseded
from conductor.ledger.schema import batches
from conductor.ledger.states import VISIBLE, Standing
from conductor.values import State


def slot_of(connection: Connection, batch_id: str) -> str:
    """Give the slot id of a batch; `NotFound` if there is none."""
    slot = connection.execute(select(batches.c.slot).where(batches.c.id == batch_id)).scalar_one_or_none()
    if slot is None:
        raise unknown(batch_id)
    return slot


def lock(connection: Connection, batch_id: str, report: State | None) -> None:
    """Hold a batch still until the transaction ends; `Superseded` if it has nothing left to report."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id).with_for_update()).one_or_none()
    if row is None:
        raise unknown(batch_id)
    if row.ended == State.SUPERSEDED and report is not State.SUPERSEDED:
        raise Superseded(f"Version {row.version} of {row.slot} was superseded by a newer one", batch=batch_id)


def move(connection: Connection, batch_id: str, report: State, note: str | None, now: datetime) -> None:
    """Take a batch to where a report says, and end its older versions once readers see it."""
    row = connection.execute(select(batches).where(batches.c.id == batch_id).with_for_update()).one()
    after = standing(row).after(report)
    change = {"reached": after.reached.value, "ended": after.ended and after.ended.value, "changed_at": now}
    kept = {"note": note} if note else {}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(change | kept))
    if after.reached in VISIBLE:
        _supersede_older(connection, row.slot, now)


def standing(row: Row[tuple[object, ...]]) -> Standing:
    """Read where a row of `batches` stands."""
    return Standing(State(row.reached), State(row.ended) if row.ended else None)


def unknown(batch_id: str) -> NotFound:
    """Say that there is no such batch."""
    return NotFound(f"The ledger knows no batch {batch_id}", next_command="conductor status")


def _supersede_older(connection: Connection, slot: str, now: datetime) -> None:
    """End what is older than the newest version that readers see and has no end of its own."""
    visible = batches.c.reached.in_([state.value for state in VISIBLE])
    top = connection.execute(
        select(func.max(batches.c.version)).where(batches.c.slot == slot, visible)
    ).scalar_one()
    older = (batches.c.slot == slot) & (batches.c.version < top) & (batches.c.reached != State.ARCHIVED.value)
    waiting = batches.c.ended.is_(None) | (batches.c.ended == State.QUARANTINED.value)
    change = {"ended": State.SUPERSEDED.value, "note": f"version {top} took its place", "changed_at": now}
    connection.execute(update(batches).where(older & waiting).values(change))
