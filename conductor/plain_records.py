"""Records that are the file as it came: a text so plain that all readers take it apart alike."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from conductor.contracts.model import FAULT
from conductor.records import LINE, SOURCE
from conductor.values import PlainText


def scan_plain(path: Path, plain: PlainText) -> pl.LazyFrame:
    """Give the rows of a plain text with the columns that records have: every value a text, and the line that each stood on."""
    frame = pl.scan_csv(
        path,
        has_header=plain.header,
        separator=plain.delimiter,
        quote_char=plain.quote or None,
        null_values=[""],
        schema=dict.fromkeys(plain.columns, pl.String),
        row_index_name=LINE,
        row_index_offset=2 if plain.header else 1,
        glob=False,
    )
    nothing = pl.lit(None, pl.String)
    return frame.select(
        *plain.columns, pl.col(LINE).cast(pl.String), nothing.alias(SOURCE), nothing.alias(FAULT)
    )


def in_parquet(path: Path, plain: PlainText, into: Path) -> Path:
    """Write the rows of a plain text as Parquet, for readers that need that, in flat memory."""
    scan_plain(path, plain).sink_parquet(into, compression="lz4", mkdir=True, engine="streaming")
    return into
