"""Engines held against each other: all that they give from the same records has to be equal, and nothing may get lost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from conductor.contracts.model import Contract, Product
from conductor.engines.protocol import Engine

from .jobs import RECEIPTS, Refined, Row, refine

PARTS = ("counts", "sums", "reasons", "warnings", "schema_hash")


def agreed(
    folder: Path,
    engines: Sequence[Engine],
    *objects: Sequence[Row],
    product: Product = RECEIPTS,
    **more: object,
) -> Refined:
    """Refine on all engines, compare all that they gave with what the first gave, and give that."""
    first, *others = (refine(engine, folder, *objects, product=product, **more) for engine in engines)
    order = ["_object", "_line"]
    for other in others:
        assert_frame_equal(first.curated, other.curated, check_exact=True)
        assert first.rejected.is_empty() == other.rejected.is_empty()
        if not first.rejected.is_empty():
            assert_frame_equal(first.rejected.sort(order), other.rejected.sort(order), check_exact=True)
        for part in PARTS:
            assert getattr(first.outcome, part) == getattr(other.outcome, part), part
        assert _days(first) == _days(other)
    _nothing_lost(first, product.contract, sum(map(len, objects)))
    return first


def _days(done: Refined) -> dict[tuple[tuple[str, str], ...], int]:
    """Count the rows of each partition; into how many files it is cut is the engine's own matter."""
    days: dict[tuple[tuple[str, str], ...], int] = {}
    for file in done.outcome.files:
        days[file.partition] = days.get(file.partition, 0) + file.rows
    return days


def _nothing_lost(done: Refined, contract: Contract, rows: int) -> None:
    counts = done.outcome.counts
    assert counts.balanced
    assert counts.records == rows
    assert counts.accepted == len(done.curated) == sum(file.rows for file in done.outcome.files)
    assert counts.rejected == len(done.rejected)
    assert done.curated.select(pl.struct(contract.key).is_unique().all()).item()
    for total in done.outcome.sums:
        assert total.records == total.accepted + total.rejected + total.duplicates + total.superseded
        written = done.curated.filter(pl.col(contract.control.currency) == total.currency)
        assert total.accepted == sum(written[contract.control.amount], Decimal(0))
