"""What our commits say of themselves in a table's log, and where in the log to find them.

A commit carries two application transactions per slot: one with the slot's version, which Delta checks for
conflicts, and one with the table version that the writer saw. The commit itself is the first one after that
which bears the slot's note, so it is found with one or two reads, however long the log is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from deltalake import DeltaTable, Transaction

from conductor.errors import NotFound, StopAndCall
from conductor.stores.protocol import Store
from conductor.values import Batch, Published, Slot, Value

NOTE = "conductor"
"""Name of the note among the facts of a commit."""


class Note(Value):
    """What a commit did: it made `files` with `rows` rows the slot's data. `epoch` is the writer's lease."""

    batch: Batch
    epoch: int
    files: int
    rows: int
    published_at: datetime


class Commit(Value):
    """A note with its place in the table's history."""

    note: Note
    table_version: int

    @property
    def published(self) -> Published:
        """The commit as the value that steps hand on."""
        note = self.note
        return Published(batch=note.batch, table_version=self.table_version, files=note.files, rows=note.rows)


def transactions(batch: Batch, seen: int) -> list[Transaction]:
    """Give the application transactions of a commit whose writer saw table version `seen`."""
    return [Transaction(batch.slot.id, batch.version), Transaction(_seen(batch.slot), seen)]


def slot_version(snapshot: DeltaTable, slot: Slot) -> int | None:
    """Give the version of a slot in a snapshot; None if it has none."""
    return snapshot.transaction_version(slot.id)


def newest_commit(store: Store, root: str, snapshot: DeltaTable, slot: Slot) -> Commit | None:
    """Give the commit that made the slot's data what a snapshot shows; None if the slot has none.

    `root` is the key of the table. `StopAndCall` if somebody shortened the log.
    """
    version, seen = slot_version(snapshot, slot), snapshot.transaction_version(_seen(slot))
    if version is None or seen is None:
        return None
    for table_version in range(seen + 1, snapshot.version() + 1):
        note = _read_note(store, root, table_version)
        if note and note.batch.slot == slot and note.batch.version == version:
            return Commit(note=note, table_version=table_version)
    raise StopAndCall(f"the log of {root} has lost the commit of {slot.id} version {version}")


def note_of(facts: Mapping[str, object]) -> Note | None:
    """Give the note among the facts of a commit; None where a sweep or another program committed."""
    text = facts.get(NOTE)
    return Note.model_validate_json(text) if isinstance(text, str) else None


def _seen(slot: Slot) -> str:
    return f"seen:{slot.id}"


def _read_note(store: Store, root: str, table_version: int) -> Note | None:
    try:
        data = store.read(f"{root}/_delta_log/{table_version:020}.json")
    except NotFound:
        return None
    facts = (json.loads(line).get("commitInfo") for line in data.splitlines() if line)
    return next((note_of(found) for found in facts if found), None)
