"""Rows of Spark as files: the curated ones partitioned below the table, the rejected ones as one file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from conductor.contracts.model import Contract
from conductor.engines.places import put
from conductor.engines.polars_write import PARTITION, check_columns
from conductor.engines.protocol import RefineJob
from conductor.engines.spark_types import polars_schema_of, spark_schema
from conductor.values import DataFile

FORMATS = ("yyyy", "MM", "dd")


def curated(frame: DataFrame, contract: Contract) -> DataFrame:
    """Hold the columns of `refine.sql` against the contract and give them in its order and types."""
    check_columns(polars_schema_of(frame.schema), contract)
    return frame.select(
        *(
            fn.col(field.name).cast(field.dataType).alias(field.name)
            for field in spark_schema(contract.columns)
        )
    )


def write_partitioned(frame: DataFrame, contract: Contract, folder: Path) -> None:
    """Write rows below a folder, partitioned by day. Days are kept together, and very large ones cut into several files."""
    day = fn.col(contract.day)
    parts = {key: fn.date_format(day, form) for key, form in zip(PARTITION, FORMATS, strict=True)}
    rows = frame.withColumns(parts).hint("rebalance", *PARTITION)
    rows.write.partitionBy(*PARTITION).parquet(str(folder), compression="snappy")


def deliver(folder: Path, job: RefineJob) -> tuple[DataFile, ...]:
    """Bring what was written to its place below the table, under names of this attempt."""
    return tuple(_delivered(folder, job))


def _delivered(folder: Path, job: RefineJob) -> Iterator[DataFile]:
    for day in sorted({path.parent for path in folder.rglob("*.parquet")}):
        keys = tuple(part.split("=", 1) for part in day.relative_to(folder).parts)
        for number, path in enumerate(sorted(day.glob("*.parquet"))):
            relative = f"{day.relative_to(folder).as_posix()}/{job.attempt}-{number}.parquet"
            rows, size = pq.read_metadata(path).num_rows, path.stat().st_size
            put(path, f"{job.table_uri.rstrip('/')}/{relative}", job.storage_options)
            yield DataFile(
                path=relative, rows=rows, size=size, partition=tuple((key, value) for key, value in keys)
            )


def write_whole(frame: DataFrame, path: Path) -> None:
    """Write a frame as one file; one group of rows is in memory at a time."""
    parts = path.with_suffix(".parts")
    frame.write.parquet(str(parts), compression="snappy")
    found = sorted(parts.glob("*.parquet"))
    schema = pq.read_schema(found[0]).remove_metadata()
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        for part in map(pq.ParquetFile, found):
            for group in range(part.num_row_groups):
                writer.write_table(part.read_row_group(group).replace_schema_metadata(None))
    shutil.rmtree(parts)
