"""Files of a table, and the actions by which a commit puts them in and takes them out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from conductor.tables.schema import PARTITIONS
from conductor.values import Batch, DataFile, Slot, digest

_OURS = re.compile(r"part-[0-9a-f]{16}-\d+-[0-9a-f]{12}-\d+-.+")


def file_prefix(batch: Batch, epoch: int) -> str:
    """Give how the names of a batch's files begin; an engine appends `-<n>.parquet`.

    The slot's digest comes first, because a newer version takes all files of its slot out of the table by it.
    The epoch sets attempts apart.
    """
    return f"{batch_prefix(batch)}{epoch}"


def batch_prefix(batch: Batch) -> str:
    """Give how the names of a batch's files begin, whichever attempt wrote them."""
    return f"{_slot_prefix(batch.slot)}{batch.version}-{batch.id[:12]}-"


@dataclass(frozen=True)
class ActiveFile:
    """A file that readers of a snapshot see. `path` is relative to the table."""

    path: str
    size: int
    partition: tuple[tuple[str, str | None], ...]

    @property
    def ours(self) -> bool:
        """Whether the file bears a name that we give; rows of any other belong to no slot."""
        return _OURS.fullmatch(name_of(self.path)) is not None

    def holds(self, slot: Slot) -> bool:
        """Whether the file's rows are the slot's."""
        return name_of(self.path).startswith(_slot_prefix(slot))


def name_of(path: str) -> str:
    """Give a file's name without its partition folders."""
    return path.rsplit("/", 1)[-1]


def active_files(snapshot: DeltaTable) -> Iterator[ActiveFile]:
    """Give the files of a snapshot."""
    for row in pl.DataFrame(snapshot.get_add_actions(flatten=True)).iter_rows(named=True):
        values = ((name, row[f"partition.{name}"]) for name in PARTITIONS)
        partition = tuple((name, None if value is None else str(value)) for name, value in values)
        yield ActiveFile(row["path"], row["size_bytes"], partition)


def put_in(file: DataFile, at: datetime) -> AddAction:
    """Give the action that makes a file visible. A folder may say `month=01`; the log says 1."""
    partition = {name: str(int(value)) for name, value in file.partition}
    stats = json.dumps({"numRecords": file.rows})
    return AddAction(file.path, file.size, partition, _milliseconds(at), True, stats)


def take_out(file: ActiveFile, at: datetime) -> RemoveAction:
    """Give the action that hides a file from readers of later versions."""
    return RemoveAction(file.path, True, _milliseconds(at), file.size, dict(file.partition))


def _slot_prefix(slot: Slot) -> str:
    return f"part-{digest(slot.id)[:16]}-"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
