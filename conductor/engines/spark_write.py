"""Rows of Spark as files: the curated ones partitioned below the table, the rejected ones as one file."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as fn

from conductor.contracts.model import Contract
from conductor.engines import spark_worker
from conductor.engines.polars_write import check_columns, partition_of
from conductor.engines.protocol import RefineJob
from conductor.engines.spark_types import polars_schema_of, spark_schema
from conductor.engines.spark_worker import Target
from conductor.values import DataFile

Mapper = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def curated(frame: DataFrame, contract: Contract) -> DataFrame:
    """Hold the columns of `refine.sql` against the contract and give them in its order and types."""
    check_columns(polars_schema_of(frame.schema), contract)
    return frame.select(
        *(
            fn.col(field.name).cast(field.dataType).alias(field.name)
            for field in spark_schema(contract.columns)
        )
    )


def write_partitioned(
    frame: DataFrame, job: RefineJob, scratch: str
) -> tuple[tuple[DataFile, ...], pl.DataFrame]:
    """Write rows below the table, partitioned by day; give the files, and rows and control amount by currency as they stand there.

    Days are kept together, and very large ones cut into several files. The files are those of the tasks that count: one that was
    lost or tried twice may leave files that nobody hears of. `scratch` is a folder that whoever runs the tasks has.
    """
    target = _target(job, scratch)
    sorted_rows = frame.hint("rebalance", target.day).sortWithinPartitions(target.day)
    told = _mapped(sorted_rows, partial(spark_worker.write, target), target.manifest).collect()
    return _files(told), _given(told, target)


def write_whole(frame: DataFrame, path: Path) -> None:
    """Write a frame, which has rows, as one file, in its order; a part of it is in memory at a time."""
    writer = None
    names = frame.columns  # they may hold anything, also a dot, which Spark would take for a part of a name
    plain = frame.toDF(*(f"c{number}" for number, _ in enumerate(names)))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        for row in _mapped(plain, spark_worker.pack, spark_worker.PACKED).toLocalIterator():
            table = spark_worker.unpack(bytes(row["rows"])).rename_columns(names)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
            writer.write_table(table)
    finally:
        if writer:
            writer.close()


def _mapped(frame: DataFrame, function: Mapper, schema: str) -> DataFrame:
    """Have a function work on the rows, Arrow batches in and out; it has to be one that executors can import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a newer pandas, which Spark asks for here and does not use
        return frame.mapInArrow(function, schema)


def _target(job: RefineJob, scratch: str) -> Target:
    contract, control = job.product.contract, job.product.contract.control
    scales = {column.name: column.scale or 0 for column in contract.columns}
    return Target(
        table_uri=job.table_uri,
        attempt=job.attempt,
        day=contract.day,
        currency=control.currency if control else "",
        amount=control.amount if control else "",
        scale=scales.get(control.amount, 0) if control else 0,
        scratch=scratch,
        storage_options=dict(job.storage_options),
    )


def _files(told: Iterable[Row]) -> tuple[DataFile, ...]:
    """Give each file once; it is told of once for each currency."""
    sizes = {row["path"]: (row["rows"], row["size"]) for row in told}
    return tuple(
        DataFile(path=path, rows=rows, size=size, partition=partition_of(path))
        for path, (rows, size) in sorted(sizes.items())
    )


def _given(told: Iterable[Row], target: Target) -> pl.DataFrame:
    schema = {"currency": pl.String(), "rows": pl.Int64(), "amount": pl.Decimal(38, target.scale)}
    values = [(row["currency"], row["given"], row["amount"]) for row in told]
    found = pl.DataFrame(values, schema=schema, orient="row").group_by("currency").sum()
    return found if target.amount else found.drop("amount")
