"""What a version of a curated table holds of a slot, older versions included as long as their files are there."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from conductor.contracts.model import Contract
from conductor.contracts.typed import polars_schema
from conductor.errors import StopAndCall
from conductor.tables import CuratedTable
from conductor.tables.actions import active_files
from conductor.tables.faults import told_as_ours
from conductor.values import Slot

OWNER = "_slot"
THEIRS = "_theirs"
ROWS_PER_BATCH = 50_000


def keys_at(table: CuratedTable, slot: Slot, table_version: int) -> tuple[str, ...]:
    """Give the keys of a slot's files as readers of a certain table version see them, swept ones included."""
    with told_as_ours(table.root):
        options = dict(table.store.storage_options())
        snapshot = DeltaTable(table.uri, version=table_version, storage_options=options)
        files = (file for file in active_files(snapshot) if file.holds(slot))
        return tuple(sorted(f"{table.root}/{file.path}" for file in files))


@contextmanager
def readable(what: str) -> Generator[None]:
    """Raise `StopAndCall` where the body meets Parquet files that are gone or cannot be read."""
    try:
        yield
    except (FileNotFoundError, pl.exceptions.PolarsError) as error:
        raise StopAndCall(f"{what} cannot be read", next_command="conductor reconcile") from error


def collected(table: CuratedTable, frame: pl.LazyFrame) -> pl.DataFrame:
    """Run a query over rows of a table, in bounded memory but for its answer."""
    with told_as_ours(table.root), readable(table.root):
        return frame.collect(engine="streaming")


def batches(table: CuratedTable, frame: pl.LazyFrame) -> Iterator[pa.RecordBatch]:
    """Give rows of a table as Arrow batches, in bounded memory."""
    with told_as_ours(table.root), readable(table.root):
        for chunk in frame.collect_batches(chunk_size=ROWS_PER_BATCH, engine="streaming"):
            yield from chunk.to_arrow().to_batches()


def gone(table: CuratedTable, keys: Iterable[str]) -> tuple[str, ...]:
    """Give those of the keys that the store no longer has."""
    return tuple(key for key in keys if table.store.stat(key) is None)


def rows(table: CuratedTable, keys: Sequence[str]) -> pl.LazyFrame:
    """Give the contract's columns of the rows in these files."""
    schema = polars_schema(table.contract.columns)
    if not keys:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(
        [table.store.uri(key) for key in keys],
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=False,
        storage_options=dict(table.store.storage_options()) or None,
    )


def not_overtaken(table: CuratedTable, slot: Slot, others: Iterable[Slot]) -> pl.LazyFrame:
    """Give the slot's rows less those that another slot has in a newer version, as when a document moved to another day."""
    contract = table.contract
    mine = rows(table, table.keys(slot)).with_columns(pl.lit(slot.id).alias(OWNER))
    judged = [*contract.key, *contract.newest, OWNER]
    theirs = [
        rows(table, table.keys(other)).with_columns(pl.lit(other.id).alias(OWNER)).select(judged)
        for other in others
    ]
    if not theirs:
        return mine
    met = mine.select(judged).join(pl.concat(theirs), on=contract.key, suffix=THEIRS)
    overtaken = met.filter(_newer(contract)).select(contract.key)
    return mine.join(overtaken, on=contract.key, how="anti")


def _newer(contract: Contract) -> pl.Expr:
    """Say whether theirs wins: column by column, a null being older than any value; at a tie the later slot."""

    def decide(tie: pl.Expr, name: str) -> pl.Expr:
        theirs, ours = pl.col(name + THEIRS), pl.col(name)
        later = (theirs > ours).fill_null(False) | (ours.is_null() & theirs.is_not_null())
        return later | (theirs.eq_missing(ours) & tie)

    return reduce(decide, reversed(contract.newest), pl.col(OWNER + THEIRS) > pl.col(OWNER))
