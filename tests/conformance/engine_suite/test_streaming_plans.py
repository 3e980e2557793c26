"""No product makes Polars hold a column as a whole: all of its plan runs on the streaming engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from conductor.contracts.load import ACCEPTED
from conductor.contracts.model import Product
from conductor.contracts.typed import polars_schema
from conductor.engines import polars_check
from conductor.engines.polars_references import scan_references
from conductor.engines.polars_write import curated, partitioned

from .jobs import PRODUCTS, job, references

WHOLE = "columnar-function"


def nodes(frame: pl.LazyFrame) -> set[str]:
    """Give the kinds of nodes of the physical plan on the streaming engine."""
    graph = frame.show_graph(engine="streaming", plan_stage="physical", raw_output=True, show=False)
    return set(re.findall(r'label="([a-z-]+)', str(graph)))


def plans(product: Product, folder: Path) -> Iterator[pl.LazyFrame]:
    """Give all that is computed of a product: the checks, on records with a correction, and `refine.sql` with its sink."""
    row = {field.path: "1" for field in product.contract.fields if field.path != "_day"}
    records = [row | {"_line": "1", "_document": "1"}]
    task = job(folder, records, [records[0] | {"_corrects": "x"}], product=product)
    checks = polars_check.plan(task)
    yield from (checks.accepted, checks.rejected, checks.others)
    accepted = folder / "accepted.parquet"
    pl.DataFrame(schema=polars_schema(product.contract.fields)).write_parquet(accepted)
    frames = {ACCEPTED: pl.scan_parquet(accepted), **scan_references(task.references)}
    rows = curated(pl.SQLContext(frames=frames).execute(product.refine_sql), product.contract)
    yield partitioned(rows, product.contract, str(folder / "table"), "a1", {}, [])


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS.keys())
def test_no_plan_of_a_product_falls_off_the_streaming_engine(product: Product, tmp_path: Path):
    for plan in plans(product, tmp_path):
        found = nodes(plan)
        assert "multi-scan" in found
        assert WHOLE not in found


def test_a_plan_that_does_is_seen(tmp_path: Path):
    [uri] = references(tmp_path)["finance/fx_rates"].uris
    held = pl.scan_parquet(uri).with_columns(pl.col("currency").replace("EUR", None))
    assert WHOLE in nodes(held)
