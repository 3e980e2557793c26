"""The transaction of a load, step by step, and what it leaves as evidence. The warehouse opens and commits it."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import TypeAdapter

from conductor.contracts.model import Contract
from conductor.errors import FixTheData, LeaseLost, StopAndCall, Superseded
from conductor.values import Batch, Loaded, Slot, WarehouseSum
from conductor.warehouses import sql
from conductor.warehouses.protocol import Pending
from conductor.warehouses.session import NUMBER, Row, Session

SUMS = TypeAdapter(tuple[WarehouseSum, ...])
DAYS = TypeAdapter(tuple[date, ...])


def claim(session: Session, batch: Batch, epoch: int) -> Loaded | None:
    """Make sure that this run may write the slot, first thing in the transaction; give the record of a load that was done."""
    hold_fence(session, batch, epoch)
    refuse_older(session, batch)
    return find_loaded(session, batch.id)


def apply_staged(
    session: Session, contract: Contract, batch: Batch, epoch: int, loaded_at: datetime
) -> Loaded:
    """Turn the staged rows into the slot's content and record it; the run has claimed the slot, the table is there."""
    refuse_repeated_keys(session, contract, batch)
    days = touched_days(session, contract, batch.slot)
    inserted = number(session, sql.count_new(contract))
    changed = number(session, sql.count_changed(contract))
    deleted = number(session, sql.count_gone(contract), batch.slot.id)
    session.change(sql.delete_slot(contract), batch.slot.id)
    session.change(sql.delete_older(contract))
    session.change(sql.insert_absent(contract))
    # The order of loads is the order of their commits, so that what a build has seen is all up to a number.
    session.hold(sql.LOAD_LEDGER)
    loaded = Loaded(
        batch=batch,
        sequence=number(session, "SELECT coalesce(max(sequence), 0) + 1 FROM conductor.load_ledger"),
        rows=number(session, f"SELECT count(*) FROM {sql.table(contract)} WHERE _slot = ?", batch.slot.id),
        inserted=inserted,
        updated=changed,
        deleted=deleted,
        sums=slot_sums(session, contract, batch.slot),
    )
    record(session, loaded, epoch, days, loaded_at)
    return loaded


def hold_fence(session: Session, batch: Batch, epoch: int) -> None:
    """Raise the slot's fence to this epoch; `LeaseLost` if a later run has raised it further."""
    session.change("INSERT INTO conductor.fence VALUES (?, ?) ON CONFLICT DO NOTHING", batch.slot.id, epoch)
    held = "UPDATE conductor.fence SET epoch = ? WHERE slot = ? AND epoch <= ?"
    if session.change(held, epoch, batch.slot.id, epoch) == 0:
        raise LeaseLost(
            f"a later run has taken over {batch.slot.id}: this one, of epoch {epoch}, writes nothing more",
            batch=batch.id,
        )


def refuse_older(session: Session, batch: Batch) -> None:
    """Refuse a version below the loaded one, and a second batch that claims the same version."""
    highest = highest_version(session, batch.slot)
    if highest > batch.version:
        raise Superseded(
            f"version {highest} of {batch.slot.id} is loaded: version {batch.version} comes too late",
            batch=batch.id,
        )
    if highest == batch.version and find_loaded(session, batch.id) is None:
        raise StopAndCall(
            f"version {highest} of {batch.slot.id} was loaded from another batch than {batch.id}",
            next_command=f"conductor explain {batch.id}",
            batch=batch.id,
        )


def refuse_repeated_keys(session: Session, contract: Contract, batch: Batch) -> None:
    """Refuse rows that share their business key: which of them counts would be chance."""
    for key in session.rows(sql.repeated_key(contract)):
        names = ", ".join(f"{name} {value}" for name, value in zip(contract.key, key, strict=True))
        raise FixTheData(f"{batch.slot.id} has two rows with {names}; the key must be unique", batch=batch.id)


def touched_days(session: Session, contract: Contract, slot: Slot) -> tuple[date, ...]:
    """Give the business dates that have to be built anew after this load, the slot's own always among them."""
    found = DAYS.validate_python([day for (day,) in session.rows(sql.touched_days(contract), slot.id) if day])
    return tuple(sorted({slot.day, *found}))


def slot_sums(session: Session, contract: Contract, slot: Slot) -> tuple[WarehouseSum, ...]:
    """Give the control totals of the rows that belong to a slot; none for a product without a control."""
    if contract.control is None:
        return ()
    totals = session.rows(sql.sums(contract, contract.control.currency, contract.control.amount), slot.id)
    return SUMS.validate_python([{"currency": currency, "amount": amount} for currency, amount in totals])


def record(session: Session, loaded: Loaded, epoch: int, days: tuple[date, ...], loaded_at: datetime) -> None:
    """Write the ledger row that proves the load."""
    batch = loaded.batch
    session.change(
        f"""INSERT INTO conductor.load_ledger
        (batch, slot, version, epoch, days, loaded_at, {sql.LEDGER_COLUMNS}) VALUES ({", ".join("?" * 13)})""",
        batch.id,
        batch.slot.id,
        batch.version,
        epoch,
        DAYS.dump_json(days).decode(),
        loaded_at,
        batch.model_dump_json(),
        loaded.sequence,
        loaded.rows,
        loaded.inserted,
        loaded.updated,
        loaded.deleted,
        SUMS.dump_json(loaded.sums).decode(),
    )


def find_loaded(session: Session, batch_id: str) -> Loaded | None:
    """Give the recorded load of a batch."""
    found = session.rows(f"SELECT {sql.LEDGER_COLUMNS} FROM conductor.load_ledger WHERE batch = ?", batch_id)
    return _loaded(found[0]) if found else None


def all_loads(session: Session, slot: Slot | None) -> tuple[Loaded, ...]:
    """Give the recorded loads in the order in which they took effect."""
    where, values = ("WHERE slot = ?", (slot.id,)) if slot else ("", ())
    ledger = f"SELECT {sql.LEDGER_COLUMNS} FROM conductor.load_ledger {where} ORDER BY sequence"
    return tuple(_loaded(row) for row in session.rows(ledger, *values))


def highest_version(session: Session, slot: Slot) -> int:
    """Give the loaded version of a slot; 0 if there is none."""
    return number(
        session, "SELECT coalesce(max(version), 0) FROM conductor.load_ledger WHERE slot = ?", slot.id
    )


def highest_epoch(session: Session) -> int:
    """Give the highest fence of all slots."""
    return number(session, "SELECT coalesce(max(epoch), 0) FROM conductor.fence")


def pending(session: Session) -> tuple[Pending, ...]:
    """Give the loads after what the marts are built through."""
    found = session.rows(
        """SELECT slot, sequence, days FROM conductor.load_ledger
        WHERE sequence > (SELECT coalesce(max(sequence), 0) FROM conductor.built_through) ORDER BY sequence"""
    )
    return tuple(
        Pending(Slot.parse(str(slot)), NUMBER.validate_python(sequence), DAYS.validate_json(str(days)))
        for slot, sequence, days in found
    )


def mark_built(session: Session, sequence: int) -> None:
    """Raise what the marts are built through."""
    table = sql.BUILT_THROUGH
    session.change(f"INSERT INTO {table} SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {table})")
    session.change(f"UPDATE {table} SET sequence = ? WHERE sequence < ?", sequence, sequence)


def number(session: Session, statement: str, *values: object) -> int:
    """Give the one number that a query asks for."""
    return NUMBER.validate_python(session.rows(statement, *values)[0][0])


def _loaded(row: Row) -> Loaded:
    identity, sequence, rows, inserted, updated, deleted, sums = row
    return Loaded.model_validate(
        {
            "batch": Batch.model_validate_json(str(identity)),
            "sequence": sequence,
            "rows": rows,
            "inserted": inserted,
            "updated": updated,
            "deleted": deleted,
            "sums": SUMS.validate_json(str(sums)),
        }
    )
