"""Rows of a table's files as Arrow batches, in bounded memory."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
import pyarrow as pa

from conductor.contracts.model import Contract
from conductor.contracts.typed import polars_schema

ROWS_PER_BATCH = 50_000


def read_batches(
    files: Sequence[str], contract: Contract, storage_options: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Give the contract's columns of the rows; a column that a file was written without is empty there."""
    if not files:
        return
    rows = pl.scan_parquet(
        list(files),
        schema=polars_schema(contract.columns),
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=False,
        storage_options=dict(storage_options) or None,
    )
    for frame in rows.collect_batches(chunk_size=ROWS_PER_BATCH, engine="streaming"):
        yield from frame.to_arrow().to_batches()
