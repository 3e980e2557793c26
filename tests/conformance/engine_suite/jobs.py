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
