"""Every product gives the same on every engine, whatever a source delivers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from conductor.contracts.model import Product
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine

from .agreement import agreed
from .duckdb_engine import DuckDbEngine
from .generated import delivered
from .jobs import PRODUCTS, Refined
from .spark_here import on_spark, spark

EVERY_PRODUCT = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS.keys())
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@EVERY_PRODUCT
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_polars_and_duckdb_agree_row_for_row_and_cent_for_cent(product: Product, data: DataObject):
    _agree(data, product, [PolarsEngine(), DuckDbEngine()])


@on_spark
@EVERY_PRODUCT
@settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=SLOW,
)
@given(data=st.data())
def test_spark_agrees_with_both(product: Product, data: DataObject):
    assume(
        data.draw(st.integers(0, 1000)) > 0
    )  # the one example is not to be the plainest, which comes first
    done = _agree(data, product, [PolarsEngine(), DuckDbEngine(), spark()])
    counts = done.outcome.counts
    assert counts.accepted + counts.duplicates > 200
    assert counts.rejected > 20
    assert counts.duplicates > 20


def _agree(data: DataObject, product: Product, engines: Sequence[Engine]) -> Refined:
    with tempfile.TemporaryDirectory() as folder:
        found = delivered(data, product.contract, Path(folder) / "joined")
        return agreed(Path(folder), engines, *found.objects, product=product, references=found.references)
