"""What runs in Spark's tasks: the rows of a task become files of its own, put where the table lies and told of; or are packed.

A task may run more than once, and its executor may be lost with it: the names of its files are its own, and only what a task that
counts hands back is known to anyone. Nothing is renamed and nothing listed.
"""

# pyright: reportUnknownParameterType=false, reportMissingParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark import TaskContext

from conductor.engines.places import put

ROWS_PER_GROUP = 100_000
"""Rows that are in memory before they are written; a task writes one file at a time."""
PACKED = "rows binary"


@dataclass(frozen=True)
class Target:
    """Where the files go, and what is counted in them. It travels to the executors over Spark's encrypted connections.

    `day` names the column of the day; `currency` and `amount` those of the control total, empty where there is none, and `scale` the
    amount's digits behind the point. `scratch` is a folder that the executor has.
    """

    table_uri: str
    attempt: str
    day: str
    currency: str
    amount: str
    scale: int
    scratch: str
    storage_options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def manifest(self) -> str:
        """Columns of what a task hands back: a row for each file and currency."""
        return f"path string, rows bigint, size bigint, currency string, given bigint, amount decimal(38,{self.scale})"


def write(target: Target, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Write the rows of a task, which come sorted by day, as one file for each day."""
    task = TaskContext.get()
    if task is None:
        raise RuntimeError("this runs in a task of Spark")
    name = f"{target.attempt}-{task.partitionId():05}-{task.taskAttemptId()}.parquet"
    Path(target.scratch).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.scratch) as folder:
        for day, pieces in groupby(_by_day(target, batches), itemgetter(0)):
            path = f"year={day:%Y}/month={day:%m}/day={day:%d}/{name}"
            file = Path(folder) / name
            _write_file(file, (rows for _, rows in pieces))
            told = _told(target, path, file)
            put(file, f"{target.table_uri.rstrip('/')}/{path}", target.storage_options)
            yield told


def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give each batch of rows as one value, for the driver to unpack."""
    for batch in batches:
        out = io.BytesIO()
        with pa.ipc.new_stream(out, batch.schema) as stream:
            stream.write_batch(batch)
        yield pa.RecordBatch.from_arrays([pa.array([out.getvalue()], pa.binary())], ["rows"])


def unpack(packed: bytes) -> pa.Table:
    """Give the rows that were packed."""
    return pa.ipc.open_stream(packed).read_all()


def _by_day(target: Target, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[date, pa.RecordBatch]]:
    for batch in batches:
        days = batch.column(target.day)
        for day in days.unique():
            same: Any = pc.equal(days, day)  # pyright: ignore[reportAttributeAccessIssue]
            yield day.as_py(), batch.filter(same)


def _write_file(file: Path, pieces: Iterator[pa.RecordBatch]) -> None:
    held: list[pa.RecordBatch] = []
    writer = None
    try:
        for piece in pieces:
            writer = writer or pq.ParquetWriter(file, _plain(piece.schema), compression="snappy")
            held.append(piece)
            if sum(each.num_rows for each in held) >= ROWS_PER_GROUP:
                writer.write_table(_table(held))
                held = []
        if writer and held:
            writer.write_table(_table(held))
    finally:
        if writer:
            writer.close()


def _table(pieces: list[pa.RecordBatch]) -> pa.Table:
    table = pa.Table.from_batches(pieces)
    return table.cast(_plain(table.schema))


def _plain(schema: pa.Schema) -> pa.Schema:
    """Give a schema without what only Spark knows: which columns its plan never leaves empty."""
    return pa.schema([pa.field(each.name, each.type) for each in schema])


def _told(target: Target, path: str, file: Path) -> pa.RecordBatch:
    """Count what stands in the file, not what was sent there."""
    given = _given(target, file)
    count, rows = len(given), pq.read_metadata(file).num_rows
    return pa.RecordBatch.from_arrays(
        [
            pa.array([path] * count, pa.string()),
            pa.array([rows] * count, pa.int64()),
            pa.array([file.stat().st_size] * count, pa.int64()),
            pa.array([currency for currency, _, _ in given], pa.string()),
            pa.array([number for _, number, _ in given], pa.int64()),
            pa.array([amount for _, _, amount in given], pa.decimal128(38, target.scale)),
        ],
        names=["path", "rows", "size", "currency", "given", "amount"],
    )


def _given(target: Target, file: Path) -> list[tuple[str, int, object]]:
    """Give currency, rows and the sum of the control amount of a file."""
    if not target.amount:
        return [("", pq.read_metadata(file).num_rows, None)]
    read = pq.ParquetFile(file).read(columns=list({target.currency, target.amount}))
    table = pa.table(
        {
            "currency": pc.fill_null(read.column(target.currency), ""),
            "amount": read.column(target.amount).cast(pa.decimal128(38, target.scale)),
        }
    )
    sums = table.group_by("currency").aggregate([([], "count_all"), ("amount", "sum")])
    return [(row["currency"], row["count_all"], row["amount_sum"]) for row in sums.to_pylist()]
