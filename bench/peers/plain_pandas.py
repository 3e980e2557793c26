"""Straightforward pandas: read, mask what is bad, drop older lines, write partitions."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def run(file: Path, out: Path) -> None:
    """Do the checks as boolean masks over whole columns. Money is rounded floats, as such programs do."""
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    number = {
        name: pd.to_numeric(rows[name], errors="coerce")
        for name in ("line_no", "quantity", "unit_price", "amount")
    }
    day = pd.to_datetime(rows["business_date"], format="%Y-%m-%d", errors="coerce")
    good = (
        rows["store_id"].str.fullmatch(r"S[0-9]{3}")
        & (rows["receipt_id"].str.strip() != "")
        & (number["line_no"] >= 1)
        & day.notna()
        & (rows["sku"].str.strip() != "")
        & (rows["sku"].str.len() <= 12)
        & number["quantity"].notna()
        & number["unit_price"].notna()
        & number["amount"].notna()
        & rows["currency"].isin(["USD", "EUR"])
        & ((number["quantity"] * number["unit_price"]).round(2) == number["amount"])
    )
    typed = rows.assign(**number, business_date=day)
    out.mkdir(parents=True, exist_ok=True)
    typed[~good].to_parquet(out.parent / "rejected.parquet")
    newest = typed[good].drop_duplicates(["receipt_id", "line_no"], keep="last")
    newest = newest.assign(
        net_home=(newest["amount"] * 1.08345).round(2),
        year=newest["business_date"].dt.strftime("%Y"),
        month=newest["business_date"].dt.strftime("%m"),
        day=newest["business_date"].dt.strftime("%d"),
    )
    newest.to_parquet(out, partition_cols=["year", "month", "day"], compression="snappy")
