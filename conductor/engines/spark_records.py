"""The records of a batch as one Spark frame: verbatim text, what came from where, and what corrections replace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn

from conductor.contracts.model import Contract
from conductor.contracts.rules import RAW
from conductor.engines.polars_records import (
    DAY,
    NUMBER,
    OBJECT,
    POSITION,
    SUPERSEDED,
    TARGET,
    check_text,
    schema_of,
)
from conductor.engines.protocol import RecordsFile
from conductor.engines.row_text import OWN, SEPARATOR
from conductor.engines.spark_places import readable
from conductor.records import LINE

ROW = "_row"
"""Place of a row in its file, which sets rows apart that share a line."""


def read_records(
    session: SparkSession, files: Sequence[RecordsFile], *, remote: bool, into: Path
) -> DataFrame:
    """Give all rows, the columns of the records named behind `RAW`; `remote` reads them where they lie."""
    read = (
        _read(session, file, position, remote=remote, into=into / str(position))
        for position, file in enumerate(files)
    )
    frame = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), read)
    if TARGET in frame.columns:
        return _mark_superseded(frame)
    return frame.withColumn(SUPERSEDED, fn.lit(False))


def complete(records: DataFrame, contract: Contract, day: date) -> DataFrame:
    """Add what the contract may read besides: the slot's day, and nulls for fields that no file has."""
    added = {DAY: fn.lit(day.isoformat())}
    for name in (RAW + column for column in contract.record_columns):
        if name not in (*records.columns, DAY):
            added[name] = fn.lit(None).cast("string")
    return records.withColumns(added)


def verbatim(records: DataFrame) -> list[tuple[str, Column]]:
    """Give the columns of the records with the names that they came with."""
    return [(name.removeprefix(RAW), named(name)) for name in records.columns if name.startswith(RAW)]


def named(name: str) -> Column:
    """Give a column by its name, whatever characters it has."""
    return fn.col("`" + name.replace("`", "``") + "`")


def _read(session: SparkSession, file: RecordsFile, position: int, *, remote: bool, into: Path) -> DataFrame:
    names = schema_of(file)
    check_text(file, names)
    found = readable([str(file.uri)], file.storage_options, remote=remote, into=into)
    return (
        found.reader(session.read)
        .parquet(*found.paths)
        .select(
            *(named(name).alias(RAW + name) for name in names),
            fn.lit(file.object_id).alias(OBJECT),
            fn.lit(position).cast("bigint").alias(POSITION),
            named(LINE).cast("bigint").alias(NUMBER),
            fn.col("_metadata.row_index").alias(ROW),
        )
    )


def _row_text(columns: Iterable[str]) -> Column:
    """Give the text that identifies a row by its content, as `row_text` does."""
    names = sorted({name.removeprefix(RAW) for name in columns if name.startswith(RAW)} - OWN)
    return fn.concat_ws(SEPARATOR, *(fn.concat(fn.lit(f"{name}="), named(RAW + name)) for name in names))


def _mark_superseded(frame: DataFrame) -> DataFrame:
    """Mark rows that a later object corrects, and corrections whose target no earlier object holds.

    Only later objects correct: a correction that puts back what an older one had replaced stays in force.
    """
    rows = frame.withColumn("_text", _row_text(frame.columns))
    target = named(TARGET)
    corrected = (
        frame.where(target.isNotNull()).groupBy(target.alias("_meant")).agg(fn.max(POSITION).alias("_until"))
    )
    present = (
        rows.join(corrected, fn.col("_text") == fn.col("_meant"), "left_semi")
        .groupBy(fn.col("_text").alias("_held"))
        .agg(fn.min(POSITION).alias("_since"))
    )
    replaced = fn.coalesce(fn.col(POSITION) < fn.col("_until"), fn.lit(False))
    found = fn.coalesce(fn.col("_since") < fn.col(POSITION), fn.lit(False))
    return (
        rows.join(corrected, fn.col("_text") == fn.col("_meant"), "left")
        .join(present, target == fn.col("_held"), "left")
        .withColumn(SUPERSEDED, replaced | (target.isNotNull() & ~found))
        .drop("_text", "_meant", "_until", "_held", "_since")
    )
