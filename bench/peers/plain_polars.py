"""Bare Polars: types while reading, partitions while writing, and no check at all."""

from __future__ import annotations

from pathlib import Path

import polars as pl

MONEY = pl.Decimal(18, 2)
SCHEMA = {
    "store_id": pl.String,
    "receipt_id": pl.String,
    "line_no": pl.Int64,
    "business_date": pl.Date,
    "sku": pl.String,
    "quantity": pl.Int64,
    "unit_price": MONEY,
    "amount": MONEY,
    "currency": pl.String,
}
HOME = "CAST(ROUND(CAST(amount AS DECIMAL(20,2)) * CAST('1.083450' AS DECIMAL(12,6)), 2) AS DECIMAL(20,2)) AS net_home"
"""The column that `refine.sql` computes: what is written has to be the same."""


def run(file: Path, out: Path) -> None:
    """Read the file and write it, with the columns that ours writes, as Parquet, partitioned by day."""
    day = pl.col("business_date")
    parts = [
        day.dt.strftime(form).alias(key) for key, form in (("year", "%Y"), ("month", "%m"), ("day", "%d"))
    ]
    pl.scan_csv(file, schema=SCHEMA).with_columns(pl.sql_expr(HOME), *parts).sink_parquet(
        pl.PartitionBy(out, key=["year", "month", "day"], include_key=False), compression="snappy", mkdir=True
    )
