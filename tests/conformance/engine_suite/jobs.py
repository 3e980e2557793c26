"""Jobs for any engine: records as rows of text, catalogue and rates as real curated files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from conductor.contracts.load import discover
from conductor.contracts.model import Product
from conductor.contracts.typed import polars_schema
from conductor.engines.protocol import Engine, RecordsFile, ReferenceFiles, RefineJob, RefineOutcome
from conductor.engines.row_text import row_text
from conductor.values import Batch, Slot

Row = dict[str, str | None]

DAY = date(2026, 11, 20)
UPDATED = datetime(2026, 11, 20, 21, 45, 6, tzinfo=UTC)
PRODUCTS = discover([Path(__file__).parents[3] / "products"])
RECEIPTS = PRODUCTS["finance/sales_receipts"]
CATALOGUE = PRODUCTS["sales/product_catalogue"]
RATES = PRODUCTS["finance/fx_rates"]
ITEMS = ("1", "2", "3")
RATE = {"EUR": Decimal("1.083450"), "GBP": Decimal("1.270005")}
FLAWS: list[tuple[Row, str]] = [
    ({"Line.SalesItemLineDetail.ItemRef.value": "9999"}, "UNKNOWN_ITEM"),
    ({"Line.SalesItemLineDetail.ItemRef.value": None}, "MISSING_ITEM"),
    ({"Line.SalesItemLineDetail.ItemRef.value": " \t"}, "MISSING_ITEM"),
    ({"Line.Amount": "12.345"}, "BAD_AMOUNT"),
    ({"Line.Amount": "1e3"}, "BAD_AMOUNT"),
    ({"Line.Amount": " 7"}, "BAD_AMOUNT"),
    ({"Line.Amount": "7\n"}, "BAD_AMOUNT"),
    ({"Line.Amount": "٧"}, "BAD_AMOUNT"),
    ({"Line.Amount": "12345678901234567"}, "BAD_AMOUNT"),
    ({"Line.Amount": None}, "MISSING_AMOUNT"),
    ({"CurrencyRef.value": "XXX"}, "NO_RATE"),
    ({"CurrencyRef.value": "usd"}, "BAD_CURRENCY;NO_RATE"),
    ({"CurrencyRef.value": None}, "MISSING_CURRENCY"),
    ({"Line.SalesItemLineDetail.Qty": "3", "Line.SalesItemLineDetail.UnitPrice": "4"}, "LINE_TOTAL"),
    (
        {"Line.SalesItemLineDetail.Qty": "-2", "Line.SalesItemLineDetail.UnitPrice": "5"},
        "NEGATIVE_QUANTITY",
    ),
    ({"Line.DetailType": "GroupLineDetail"}, "NOT_ALLOWED_DETAIL_TYPE"),
    ({"TxnDate": "2026-02-30"}, "BAD_BUSINESS_DATE"),
    ({"TxnDate": "2025-02-29"}, "BAD_BUSINESS_DATE"),
    ({"TxnDate": "2026-11-19"}, "OTHER_DAY"),
    ({"MetaData.LastUpdatedTime": "2026-11-20T13:45:06"}, "BAD_UPDATED_AT"),
    ({"MetaData.LastUpdatedTime": "2026-11-20T24:00:00Z"}, "BAD_UPDATED_AT"),
    ({"DocNumber": "☕" * 22}, "TOO_LONG_DOC_NUMBER"),
    ({"SyncToken": "1.0", "Line.Amount": "x"}, "BAD_AMOUNT;BAD_SYNC_TOKEN"),
]
"""What makes a good sales line a bad one, and all reasons for which it is set aside."""


@dataclass(frozen=True)
class Refined:
    """What an engine gave, read back from its files."""

    outcome: RefineOutcome
    curated: pl.DataFrame
    rejected: pl.DataFrame

    def one(self, line: str = "1") -> dict[str, object]:
        """Give the curated row of a line."""
        return self.curated.row(by_predicate=pl.col("line_id") == line, named=True)

    def reasons(self) -> dict[str | None, str]:
        """Give the reasons of the rejected lines, by line id."""
        return (
            dict(zip(self.rejected["Line.Id"], self.rejected["_reasons"], strict=True))
            if len(self.rejected)
            else {}
        )


def sale(line: str = "1", amount: str | None = "10.00", **more: str | None) -> Row:
    """Give a good sales line in dollars, of an item in the catalogue; `more` are leaves, `__` standing for a
    dot.
    """
    row: Row = {
        "_document": "100",
        "_line": line,
        "Id": "100",
        "SyncToken": "0",
        "TxnDate": DAY.isoformat(),
        "CurrencyRef.value": "USD",
        "MetaData.LastUpdatedTime": "2026-11-20T13:45:06-08:00",
        "Line.Id": line,
        "Line.DetailType": "SalesItemLineDetail",
        "Line.Amount": amount,
        "Line.SalesItemLineDetail.ItemRef.value": "1",
    }
    return row | {name.replace("__", "."): value for name, value in more.items()}


def tax(line: str, amount: str, percent: str, base: str) -> Row:
    """Give a tax line in dollars."""
    return sale(
        line, amount, Line__DetailType="TaxLineDetail", Line__SalesItemLineDetail__ItemRef__value=None
    ) | {
        "Line.TaxLineDetail.TaxPercent": percent,
        "Line.TaxLineDetail.NetAmountTaxable": base,
    }


def correction(target: Row, **changes: str | None) -> Row:
    """Give a row that takes the place of another; `changes` are leaves, `__` standing for a dot."""
    return {
        **target,
        **{name.replace("__", "."): value for name, value in changes.items()},
        "_corrects": row_text(target),
    }


def refine(
    engine: Engine, folder: Path, *objects: Sequence[Row], product: Product = RECEIPTS, **more: object
) -> Refined:
    """Refine objects of rows, in the order in which they were landed, and read back what the engine wrote."""
    folder = folder / engine.name
    outcome = engine.refine(job(folder, *objects, product=product, **more))
    paths = [folder / "table" / file.path for file in outcome.files]
    schema = polars_schema(product.contract.columns)
    curated = pl.concat(
        [pl.DataFrame(schema=schema), *(pl.read_parquet(path, hive_partitioning=False) for path in paths)],
        how="vertical",
    )
    rejected = pl.read_parquet(outcome.rejected) if outcome.rejected else pl.DataFrame()
    return Refined(outcome, curated.sort(product.contract.key), rejected)


def job(folder: Path, *objects: Sequence[Row], product: Product = RECEIPTS, **more: object) -> RefineJob:
    """Give a job over objects of rows; `more` replaces parts of it."""
    folder.mkdir(parents=True, exist_ok=True)
    slot = Slot(dataset=product.contract.dataset, day=DAY)
    parts: dict[str, object] = {
        "product": product,
        "batch": Batch(
            id="b" * 32, slot=slot, version=1, object_ids=(), contract_version="1.0.0", refine_sha256=""
        ),
        "records": tuple(_records(folder, n, rows) for n, rows in enumerate(objects)),
        "references": references(folder) if product.contract.references else {},
        "table_uri": str(folder / "table"),
        "attempt": "a1",
        "scratch": folder / "scratch",
    }
    return RefineJob(**(parts | more))


def references(folder: Path) -> dict[str, ReferenceFiles]:
    """Write a catalogue and rates as another batch would have left them."""
    items = [
        {"item_id": item, "item_name": "x", "item_type": "Service", "active": True, "business_date": DAY}
        for item in ITEMS
    ]
    rates = [
        {
            "currency": currency,
            "home_currency": "USD",
            "business_date": DAY,
            "rate": rate,
            "updated_at": UPDATED,
        }
        for currency, rate in RATE.items()
    ]
    return {
        product.contract.dataset: ReferenceFiles(product.contract, (_curated(folder, product, rows),))
        for product, rows in ((CATALOGUE, items), (RATES, rates))
    }


def _records(folder: Path, number: int, rows: Sequence[Row]) -> RecordsFile:
    path = folder / f"records-{number}.parquet"
    names = sorted({name for row in rows for name in row} | {"_line", "_document"})
    pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).write_parquet(path)
    return RecordsFile(path, f"object-{number}")


def _curated(folder: Path, product: Product, rows: list[dict[str, object]]) -> str:
    path = folder / f"{product.contract.table}.parquet"
    pl.DataFrame(rows, schema=polars_schema(product.contract.columns)).write_parquet(path)
    return str(path)
