"""Raw objects as the ledger knows them: an index over what is landed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, select

from conductor.ledger.attempts import keep
from conductor.ledger.database import insert
from conductor.ledger.rows import KnownDay
from conductor.ledger.schema import batch_objects, batches, objects, slots
from conductor.ledger.section import Section, reads, stored, writes
from conductor.values import Landed, Slot


class Objects(Section):
    """The landed objects of each slot."""

    @writes
    def record_object(self, connection: Connection, landed: Landed) -> None:
        """Record a landed object. One that was recorded before changes nothing."""
        keep(connection, landed.slot)
        row = {
            "object_id": landed.object_id,
            "slot": landed.slot.id,
            "corrects": landed.corrects,
            "documents": landed.documents,
            "as_of": landed.as_of,
            "value": landed.model_dump_json(),
            "recorded_at": self._database.now(),
        }
        connection.execute(insert(connection, objects).values(row).on_conflict_do_nothing())

    @reads
    def objects(self, connection: Connection, slot: Slot) -> tuple[Landed, ...]:
        """Give the objects of a slot in order of recording; those of people have `corrects` set."""
        query = select(objects.c.value).where(objects.c.slot == slot.id).order_by(objects.c.id)
        return tuple(stored(Landed, text, "raw object") for text in connection.execute(query).scalars())

    @reads
    def known_days(self, connection: Connection, dataset: str) -> Mapping[date, KnownDay]:
        """Say for each API day (a slot without a part) what the source gave, as far as a batch uses it.

        Taken from the newest version that uses an object of the source; corrections by people do not count.
        """
        query = (
            select(slots.c.day, objects.c.documents, objects.c.as_of)
            .join_from(batches, batch_objects, batch_objects.c.batch == batches.c.id)
            .join(objects, objects.c.object_id == batch_objects.c.object_id)
            .join(slots, slots.c.id == batches.c.slot)
            .where(slots.c.dataset == dataset, slots.c.part == "", objects.c.corrects.is_(None))
            .order_by(batches.c.version, objects.c.id)
        )
        # Later rows overwrite earlier ones: what stays is the last object of the highest version.
        return {row.day: KnownDay(row.documents, row.as_of) for row in connection.execute(query)}
