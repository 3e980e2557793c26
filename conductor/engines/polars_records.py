"""The records of a batch as one lazy frame: verbatim text, what came from where, and what corrections
replace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from conductor.contracts.model import Contract
from conductor.contracts.rules import RAW, SLOT_DAY
from conductor.engines.protocol import RecordsFile
from conductor.engines.row_text import row_text_expression
from conductor.errors import FixTheData
from conductor.records import CORRECTS, LINE

OBJECT = "_object"
POSITION = "_position"
"""Place of a row's object among the batch's, from 0."""
NUMBER = "_number"
"""The row's line as a number."""
SUPERSEDED = "_superseded"
DAY = RAW + SLOT_DAY
TARGET = RAW + CORRECTS


def scan_records(files: Sequence[RecordsFile]) -> pl.LazyFrame:
    """Give all rows, the columns of the records named behind `RAW`."""
    frame = pl.concat([_scan(file, position) for position, file in enumerate(files)], how="diagonal")
    if TARGET in frame.collect_schema():
        return _mark_superseded(frame)
    return frame.with_columns(pl.lit(False).alias(SUPERSEDED))


def complete(records: pl.LazyFrame, contract: Contract, day: date) -> pl.LazyFrame:
    """Add what the contract may read besides: the slot's day, and nulls for fields that no file has."""
    records = records.with_columns(pl.lit(day.isoformat()).alias(DAY))
    there = records.collect_schema()
    absent = [RAW + name for name in contract.record_columns if RAW + name not in there]
    return records.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)


def verbatim(records: pl.LazyFrame) -> list[pl.Expr]:
    """Give the columns of the records under the names that they came with."""
    return [pl.col(RAW + name).alias(name) for name in _names(records)]


def _names(records: pl.LazyFrame) -> list[str]:
    return [name.removeprefix(RAW) for name in records.collect_schema().names() if name.startswith(RAW)]


def _scan(file: RecordsFile, position: int) -> pl.LazyFrame:
    frame = file.scan()
    check_text(file, frame.collect_schema())
    return frame.select(
        pl.all().name.prefix(RAW),
        pl.lit(file.object_id).alias(OBJECT),
        pl.lit(position, pl.Int64).alias(POSITION),
        pl.col(LINE).cast(pl.Int64).alias(NUMBER),
    )


def schema_of(file: RecordsFile) -> pl.Schema:
    """Give the columns of records, without reading them."""
    return file.scan().collect_schema()


def check_text(file: RecordsFile, schema: Mapping[str, pl.DataType]) -> None:
    """Refuse records that are not text columns with line numbers among them: `FixTheData`."""
    if LINE not in schema or any(dtype != pl.String for dtype in schema.values()):
        raise FixTheData(f"the records of {file.object_id} have to be text columns, {LINE} among them")


def _mark_superseded(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Mark rows that a later object corrects, and corrections whose target no earlier object holds.

    Only later objects correct: a correction that puts back what an older one had replaced stays in force.
    What corrections name is small, for people wrote them, so both sides of each join but one are.
    """
    rows = frame.with_columns(row_text_expression(_names(frame), RAW).alias("_text"))
    corrected = (
        frame.filter(pl.col(TARGET).is_not_null())
        .group_by(TARGET)
        .agg(pl.col(POSITION).max().alias("_until"))
    )
    present = (
        rows.join(corrected, left_on="_text", right_on=TARGET, how="semi")
        .group_by("_text")
        .agg(pl.col(POSITION).min().alias("_since"))
    )
    replaced = pl.col(POSITION) < pl.col("_until")
    aimless = pl.col(TARGET).is_not_null() & ~(pl.col("_since") < pl.col(POSITION)).fill_null(False)
    return (
        rows.join(corrected, left_on="_text", right_on=TARGET, how="left")
        .join(present, left_on=TARGET, right_on="_text", how="left")
        .with_columns((replaced.fill_null(False) | aimless).alias(SUPERSEDED))
        .drop("_text", "_until", "_since")
    )
