"""Batches: the versions of a slot, and how far each has come."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, Select, func, select

from conductor.errors import NotFound, StopAndCall
from conductor.ledger.attempts import keep
from conductor.ledger.database import insert
from conductor.ledger.identity import inputs_digest, returning_id
from conductor.ledger.leases import fence
from conductor.ledger.progress import lock, move, slot_of, standing, unknown
from conductor.ledger.rows import BatchRow
from conductor.ledger.schema import batch_objects, batches, objects, slots
from conductor.ledger.section import Section, reads, stored, writes
from conductor.values import Batch, Reference, Slot, State


class Batches(Section):
    """The versions of all slots."""

    @writes
    def open_batch(
        self,
        connection: Connection,
        slot: Slot,
        object_ids: Sequence[str],
        contract_version: str,
        refine_sha256: str,
        references: Sequence[Reference],
        epoch: int,
    ) -> Batch:
        """Give the batch for these inputs: the current version if it has the same ones, else the next one.

        Inputs that the slot had in an earlier version (A, B, A) make a version with an id of its own.
        `LeaseLost` under an epoch that is not the slot's; `NotFound` for an object that was not recorded.
        """
        fence(connection, slot.id, epoch)
        _need_objects(connection, slot, object_ids)
        inputs = inputs_digest(slot, object_ids, contract_version, refine_sha256, references)
        newest = _newest(connection, slot)
        if newest is not None and newest.inputs == inputs:
            return stored(Batch, newest.value, "batch")
        version = newest.version + 1 if newest is not None else 1
        batch = Batch(
            id=_unused_id(connection, inputs, version),
            slot=slot,
            version=version,
            object_ids=tuple(object_ids),
            contract_version=contract_version,
            refine_sha256=refine_sha256,
            references=tuple(references),
        )
        self._add(connection, batch, inputs, epoch)
        return batch

    @writes
    def restore_batch(self, connection: Connection, batch: Batch, state: State) -> None:
        """Enter a batch as the evidence shows it, whatever the lease; a known one never goes back.

        `StopAndCall` if the ledger knows another batch as this version of the slot.
        """
        keep(connection, batch.slot)
        place = (batches.c.slot == batch.slot.id) & (batches.c.version == batch.version)
        query = select(batches.c.value).where(place | (batches.c.id == batch.id))
        known = connection.execute(query).scalars().all()
        if not known:
            parts = (batch.contract_version, batch.refine_sha256, batch.references)
            self._add(connection, batch, inputs_digest(batch.slot, batch.object_ids, *parts), epoch=0)
        elif [stored(Batch, text, "batch") for text in known] != [batch]:
            raise StopAndCall(
                f"Version {batch.version} of {batch.slot.id} is not in the ledger what the evidence shows"
            )
        move(connection, batch.id, state, None, self._database.now())

    @writes
    def mark(
        self, connection: Connection, batch_id: str, state: State, note: str | None, epoch: int | None = None
    ) -> None:
        """Say where a batch stands, with a note for people.

        An end is taken as given, a place on the road only forwards. With an epoch it is refused like any
        other write of a run (`LeaseLost`). `Superseded` if a newer version already ended this one.
        """
        if epoch is not None:
            fence(connection, slot_of(connection, batch_id), epoch)
        lock(connection, batch_id, state)
        move(connection, batch_id, state, note, self._database.now())

    @reads
    def batch(self, connection: Connection, batch_id: str) -> BatchRow:
        """Give a batch; `NotFound` if there is none of this id."""
        rows = _rows(connection, select(batches).where(batches.c.id == batch_id))
        if not rows:
            raise unknown(batch_id)
        return rows[0]

    @reads
    def beginning(self, connection: Connection, prefix: str, limit: int = 10) -> tuple[BatchRow, ...]:
        """Give batches whose id begins so, the last opened first; all of them if fewer than `limit` come."""
        like = batches.c.id.startswith(prefix, autoescape=True)
        return _rows(
            connection,
            select(batches).where(like).order_by(batches.c.opened_at.desc(), batches.c.id).limit(limit),
        )

    @reads
    def current(self, connection: Connection, slot: Slot) -> BatchRow | None:
        """Give the highest version of a slot, however far it has come."""
        row = _newest(connection, slot)
        return None if row is None else _row(row)

    @reads
    def history(self, connection: Connection, slot: Slot) -> tuple[BatchRow, ...]:
        """Give all versions of a slot, first one first."""
        return _rows(connection, select(batches).where(batches.c.slot == slot.id).order_by(batches.c.version))

    @reads
    def batches(
        self, connection: Connection, dataset: str | None = None, state: State | None = None, limit: int = 100
    ) -> tuple[BatchRow, ...]:
        """Give batches, the last opened first, of one dataset and in one state where these are named."""
        query = (
            select(batches)
            .order_by(batches.c.opened_at.desc(), batches.c.version.desc(), batches.c.id)
            .limit(limit)
        )
        if dataset is not None:
            query = query.join(slots, slots.c.id == batches.c.slot).where(slots.c.dataset == dataset)
        if state is not None:
            query = query.where(func.coalesce(batches.c.ended, batches.c.reached) == state.value)
        return _rows(connection, query)

    @reads
    def unfinished(self, connection: Connection, dataset: str) -> tuple[Slot, ...]:
        """Give the slots, oldest day first, that were begun and whose newest version is still on the road, or that have none."""
        newest = (
            select(batches.c.slot, func.max(batches.c.version).label("version"))
            .group_by(batches.c.slot)
            .subquery()
        )
        this = (batches.c.slot == newest.c.slot) & (batches.c.version == newest.c.version)
        on_the_road = batches.c.ended.is_(None) & (batches.c.reached != State.ARCHIVED.value)
        query = (
            select(slots.c.id)
            .join(newest, newest.c.slot == slots.c.id, isouter=True)
            .join(batches, this, isouter=True)
            .where(slots.c.dataset == dataset, batches.c.id.is_(None) | on_the_road)
            .order_by(slots.c.day, slots.c.id)
        )
        return tuple(Slot.parse(name) for name in connection.execute(query).scalars())

    def _add(self, connection: Connection, batch: Batch, inputs: str, epoch: int) -> None:
        now = self._database.now()
        row = {
            "id": batch.id,
            "slot": batch.slot.id,
            "version": batch.version,
            "inputs": inputs,
            "value": batch.model_dump_json(),
            "reached": State.SEEN.value,
            "epoch": epoch,
            "opened_at": now,
            "changed_at": now,
        }
        connection.execute(insert(connection, batches).values(row))
        for name in set(batch.object_ids):
            connection.execute(insert(connection, batch_objects).values(batch=batch.id, object_id=name))


def _need_objects(connection: Connection, slot: Slot, object_ids: Sequence[str]) -> None:
    recorded = set(connection.execute(select(objects.c.object_id).where(objects.c.slot == slot.id)).scalars())
    for name in object_ids:
        if name not in recorded:
            raise NotFound(f"Object {name} of {slot.id} is not recorded", next_command="conductor reconcile")


def _unused_id(connection: Connection, inputs: str, version: int) -> str:
    used = connection.execute(select(batches.c.id).where(batches.c.id == inputs)).one_or_none()
    return inputs if used is None else returning_id(inputs, version)


def _newest(connection: Connection, slot: Slot) -> Row[tuple[object, ...]] | None:
    query = select(batches).where(batches.c.slot == slot.id).order_by(batches.c.version.desc()).limit(1)
    return connection.execute(query).one_or_none()


def _rows(connection: Connection, query: Select[tuple[object, ...]]) -> tuple[BatchRow, ...]:
    return tuple(_row(row) for row in connection.execute(query))


def _row(row: Row[tuple[object, ...]]) -> BatchRow:
    return BatchRow(
        batch=stored(Batch, row.value, "batch"),
        state=standing(row).state,
        note=row.note,
        epoch=row.epoch,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
    )
