"""A day of the sandbox, written the vendor's way and read back, adds up to what was planned."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine, RecordsFile, ReferenceFiles
from conductor.records import Document, parse_json, write_records
from sandbox.quickbooks import catalogue, documents, jsontext
from sandbox.quickbooks.receipts import Flaw
from sandbox.quickbooks.seed import receipts_of
from sandbox.quickbooks.truth import Truth

from .duckdb_engine import DuckDbEngine
from .jobs import CATALOGUE, DAY, RATES, UPDATED, Row, refine

SEED = 20261120
CODES = {
    Flaw.UNKNOWN_ITEM: "UNKNOWN_ITEM",
    Flaw.THREE_DECIMALS: "BAD_AMOUNT",
    Flaw.WRONG_PRODUCT: "LINE_TOTAL",
    Flaw.NO_RATE: "NO_RATE",
    Flaw.NEGATIVE_QUANTITY: "NEGATIVE_QUANTITY",
    Flaw.NO_ITEM: "MISSING_ITEM",
}


def records(folder: Path, name: str, found: list[Document]) -> RecordsFile:
    path = folder / name
    write_records(found, path)
    return RecordsFile(path, name)


def vendor(document: object) -> Document:
    """Write a document as the vendor does and read it back as the client does."""
    found = parse_json(jsontext.write(document))
    assert isinstance(found, dict)
    return found


def table(engine: Engine, folder: Path, files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(folder / engine.name / "table" / file) for file in files)


@pytest.mark.parametrize("engine", [PolarsEngine(), DuckDbEngine()], ids=lambda engine: engine.name)
def test_each_planted_flaw_has_its_reason_and_the_rest_adds_up(engine: Engine, tmp_path: Path):
    receipts = receipts_of(SEED, DAY, 400, huge=True)
    truth = Truth.of(DAY, receipts)
    items = [vendor(documents.item(item, UPDATED)) for item in catalogue.items(SEED)]
    rates: list[Row] = [
        {
            "_line": "1",
            "SourceCurrencyCode": currency,
            "TargetCurrencyCode": "USD",
            "Rate": str(catalogue.rate(SEED, currency, DAY)),
            "AsOfDate": DAY.isoformat(),
        }
        for currency in ("EUR", "GBP")
    ]
    joined = {
        CATALOGUE: refine(
            engine, tmp_path / "i", product=CATALOGUE, records=(records(tmp_path, "items", items),)
        ),
        RATES: refine(engine, tmp_path / "r", rates, product=RATES),
    }
    references = {
        product.contract.dataset: ReferenceFiles(
            product.contract,
            table(engine, tmp_path / folder, tuple(file.path for file in done.outcome.files)),
        )
        for (product, done), folder in zip(joined.items(), ("i", "r"), strict=True)
    }
    assert len(joined[CATALOGUE].curated) == len(items)
    sold = records(tmp_path, "receipts", [vendor(documents.receipt(receipt, SEED)) for receipt in receipts])
    done = refine(engine, tmp_path, references=references, records=(sold,))
    assert Counter(done.rejected["_reasons"]) == {CODES[flaw]: count for flaw, count in truth.flaws}
    assert set(CODES.values()) == set(done.rejected["_reasons"])
    for planned in truth.currencies:
        rows = done.curated.filter(pl.col("currency") == planned.currency)
        assert sum(rows["net_amount"], Decimal(0)) == planned.net - planned.discount
        assert sum(rows["tax_amount"], Decimal(0)) == planned.tax
        assert rows.filter(pl.col("line_type") == "sales").height == planned.lines
    assert done.curated["voided"].sum() == 1
    assert done.outcome.counts.balanced
