"""Parquet as it comes: values that have a type become the text that a contract reads."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from conductor.files.columns import check_names
from conductor.files.confined import FULL, Done, Job
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.envelope import check_growth
from conductor.files.records_writer import RecordsWriter, check_rows
from conductor.records import ROWS_PER_GROUP

ASK = "ask the sender for text, decimals, whole numbers, dates or instants"


def read(job: Job) -> Done:
    """Write the records of a Parquet file; `_line` is the number of the row. Floats are refused, for money is none."""
    try:
        with pq.ParquetFile(job.file) as file:
            groups = (file.metadata.row_group(n) for n in range(file.num_row_groups))
            check_rows(file.metadata.num_rows, job.said)
            check_growth(
                sum(each.total_byte_size for each in groups), job.file.stat().st_size, job.said.limits
            )
            names = [str(name) for name in file.schema_arrow.names]
            check_names(names, job.delivered, job.said, "the schema")
            types = pl.DataFrame(file.schema_arrow.empty_table()).schema
            texts = [_text(name, dtype) for name, dtype in types.items()]
            with RecordsWriter(job.to, names, job.delivered, job.said.delimiter) as writer:
                for batch in file.iter_batches(ROWS_PER_GROUP, use_threads=False):
                    first = writer.rows + 1
                    frame = pl.DataFrame(batch).select(texts)
                    writer.add(frame, pl.int_range(first, first + len(frame), eager=True))
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise Unacceptable(
            Refusal.CORRUPT, "it is damaged or cut off", "ask the sender to send the file again"
        ) from None
    return Done(columns=writer.columns, rows=writer.rows, sha256=writer.sha256)


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_float():
        raise Unacceptable(
            Refusal.FLOAT_COLUMN,
            f"the column {name!r} holds floating-point numbers, which are not exact",
            ASK,
            "the schema",
        )
    if isinstance(dtype, pl.Datetime):
        digits = 9 if dtype.time_unit == "ns" else 6
        zone = "Z" if dtype.time_zone else ""
        instant = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        return instant.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.{digits}f{zone}")
    plain = (pl.String, pl.Decimal, pl.Date, pl.Boolean, pl.Categorical, pl.Enum, pl.Null)
    if dtype.is_integer() or isinstance(dtype, plain):
        return column.cast(pl.String)
    raise Unacceptable(
        Refusal.UNREADABLE_COLUMN, f"the column {name!r} is of the type {dtype}", ASK, "the schema"
    )
