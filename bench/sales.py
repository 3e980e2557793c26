"""Files of receipts' lines, of any size: one row in a hundred is bad, one in fifty repeats an earlier line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

GB = 1_000_000_000
ROW_BYTES = 54
DAYS = 120
ARTICLES = 1999
ROWS_AT_ONCE = 2_000_000


def write_sales(path: Path, size: int, seed: int) -> int:
    """Write a CSV file of about `size` bytes, the same for the same seed, and give its rows."""
    rows, chance, written = size // ROW_BYTES, np.random.default_rng(seed), 0
    with path.open("wb") as stream:
        while written < rows:
            count = min(ROWS_AT_ONCE, rows - written)
            _frame(chance, written, count).write_csv(stream, include_header=not written)
            written += count
    return rows


def article(number: int) -> str:
    """Give the stock keeping unit of an article, counted from 0."""
    return f"SKU{number:05}"


def _frame(chance: np.random.Generator, first: int, count: int) -> pl.DataFrame:
    number = np.arange(first, first + count)
    number = np.where(
        chance.random(count) < 0.02, np.maximum(number - chance.integers(1, 1000, count), 0), number
    )
    quantity, cents = chance.integers(1, 9, count), chance.integers(100, 9999, count)
    frame = pl.DataFrame({"n": number, "q": quantity, "p": cents, "bad": chance.random(count) < 0.01})
    money = [
        (pl.col(name) // 100).cast(pl.String) + "." + (pl.col(name) % 100).cast(pl.String).str.zfill(2)
        for name in ("p", "c")
    ]
    return frame.with_columns((pl.col("p") * pl.col("q")).alias("c")).select(
        ("S" + (pl.col("n") % 59).cast(pl.String).str.zfill(3)).alias("store_id"),
        ("R" + (pl.col("n") // 3 + 100_000).cast(pl.String)).alias("receipt_id"),
        (pl.col("n") % 3 + 1).cast(pl.String).alias("line_no"),
        (pl.date(2026, 7, 1) + pl.duration(days=pl.col("n") // 3 % DAYS))
        .dt.to_string("%Y-%m-%d")
        .alias("business_date"),
        ("SKU" + (pl.col("n") % ARTICLES).cast(pl.String).str.zfill(5)).alias("sku"),
        pl.col("q").cast(pl.String).alias("quantity"),
        pl.when("bad").then(pl.lit("")).otherwise(money[0]).alias("unit_price"),
        money[1].alias("amount"),
        pl.lit("USD").alias("currency"),
    )
