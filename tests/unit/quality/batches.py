"""A product of receipts, and batches of it as refine would hand them on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from conductor.contracts.model import Column, Contract, Control, Kind
from conductor.values import Batch, Counts, CurrencySum, EngineChoice, Refined, Slot, StoredPart, digest

DAY = date(2026, 11, 23)
SCHEMA = {
    "id": pl.String,
    "currency": pl.String,
    "amount": pl.Decimal(18, 2),
    "customer": pl.String,
    "sold_on": pl.Date,
}
Row = tuple[str | None, str | None, str | None, str | None]


def a_contract(**changes: object) -> Contract:
    values: dict[str, object] = {
        "dataset": "finance/receipts",
        "version": "1.2.0",
        "owner": "finance",
        "description": "Receipts of the day.",
        "source": "test",
        "entity": "receipt",
        "fields": (),
        "rules": (),
        "foreign_keys": (),
        "columns": (
            Column("id", Kind.TEXT, "number", required=True, pattern="^[A-Z]+-[0-9]+$"),
            Column("currency", Kind.TEXT, "currency", required=True, allowed=("EUR", "USD")),
            Column("amount", Kind.DECIMAL, "gross", required=True, precision=18, scale=2, minimum="0.01"),
            Column("customer", Kind.TEXT, "who", max_length=20, classification="personal"),
            Column("sold_on", Kind.DATE, "business date", required=True),
        ),
        "key": ("id",),
        "newest": (),
        "day": "sold_on",
        "control": Control(currency="currency", amount="amount"),
    }
    return Contract(**(values | changes))  # pyright: ignore[reportArgumentType]


def a_file(folder: Path, rows: Sequence[Row], name: str = "part") -> str:
    """Write accepted rows (id, currency, amount, customer) as an engine does."""
    path = folder / f"{name}.parquet"
    typed = [
        (id_, currency, Decimal(amount) if amount else None, who, DAY) for id_, currency, amount, who in rows
    ]
    pl.DataFrame(typed, schema=SCHEMA, orient="row").write_parquet(path)
    return str(path)


def a_batch(content: str = "") -> Batch:
    slot = Slot(dataset="finance/receipts", day=DAY)
    return Batch(
        id=digest(slot.id, content),
        slot=slot,
        version=3,
        object_ids=("a",),
        contract_version="1.2.0",
        refine_sha256="0",
    )


def a_refined(
    counts: Counts, sums: Sequence[CurrencySum] = (), rejected: StoredPart | None = None, content: str = ""
) -> Refined:
    return Refined(
        batch=a_batch(content),
        files=(),
        rejected=rejected,
        counts=counts,
        sums=tuple(sums),
        reasons=(),
        schema_hash="0",
        choice=EngineChoice(engine="polars", reason="small", size=1, rows=1),
    )


def counted(accepted: int, rejected: int = 0, *, records: int | None = None) -> Counts:
    total = accepted + rejected if records is None else records
    return Counts(records=total, accepted=accepted, rejected=rejected, duplicates=0, superseded=0)


def a_sum(currency: str, accepted: str, *, records: str | None = None, rejected: str = "0") -> CurrencySum:
    total = Decimal(accepted) + Decimal(rejected) if records is None else Decimal(records)
    return CurrencySum(
        currency=currency,
        records=total,
        accepted=Decimal(accepted),
        rejected=Decimal(rejected),
        duplicates=Decimal(0),
        superseded=Decimal(0),
    )
