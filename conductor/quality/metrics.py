"""The figures of a batch, judged beside its rows: do counts and sums agree with what lies in the files?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

import polars as pl

from conductor.contracts.expectations import Expectation
from conductor.contracts.model import Contract
from conductor.quality.tally import buckets
from conductor.quality.verdict import Limits
from conductor.values import Counts, CurrencySum, Refined

ACCEPTED = "accepted_rows"
_CURRENCY = re.compile(r"[A-Z]{3}")
_ROW_COUNT = "expect_table_row_count_to_be_between"
_BETWEEN = "expect_column_values_to_be_between"


@dataclass(frozen=True)
class Metric:
    """A whole number and the most that it may be; None where other expectations bound it."""

    name: str
    value: int
    most: int | None = 0


def metrics(contract: Contract, refined: Refined, rows: pl.LazyFrame, limits: Limits) -> tuple[Metric, ...]:
    """Measure a batch. `rows` are its accepted rows as they lie in the files.

    Differences are absolute, of money in minor units. The rejected share is in hundredths of a percent.
    """
    counts = refined.counts
    in_files = _count(rows, contract.key, counts.accepted)
    told = counts.accepted + counts.rejected + counts.duplicates + counts.superseded
    return (
        Metric(ACCEPTED, counts.accepted, most=None),
        Metric("records_unaccounted_for", abs(counts.records - told)),
        Metric("accepted_rows_not_in_files", abs(counts.accepted - in_files.rows)),
        Metric("repeated_keys", in_files.rows - in_files.keys),
        Metric("rejected_basis_points", _share(counts), most=int(limits.rejected_share * 10_000)),
        *_money(contract, refined.sums, rows),
    )


def frame(measured: Sequence[Metric]) -> pl.DataFrame:
    """Give the metrics as a frame of one row."""
    return pl.DataFrame(
        [[metric.value] for metric in measured], schema=[(m.name, pl.Int64) for m in measured]
    )


def metric_expectations(measured: Sequence[Metric], suite: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Give what is expected of the metrics: their bounds, and what the suite says of the number of rows.

    The latter is asked here because a sample of the rows could not tell.
    """
    bounds = (
        Expectation(_BETWEEN, (("column", metric.name), ("max_value", metric.most)), column=metric.name)
        for metric in measured
        if metric.most is not None
    )
    return (*(_of_metric(found) for found in suite if found.type == _ROW_COUNT), *bounds)


def row_expectations(suite: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Give what the suite says of the rows themselves."""
    return tuple(found for found in suite if found.type != _ROW_COUNT)


@dataclass(frozen=True)
class _InFiles:
    rows: int
    keys: int


def _count(rows: pl.LazyFrame, key: Sequence[str], accepted: int) -> _InFiles:
    if not key:
        here = int(rows.select(pl.len()).collect(engine="streaming").item())
        return _InFiles(here, here)
    rows_and_keys = (pl.col("len").sum().alias("rows"), pl.len().alias("keys"))
    parts = [
        part.group_by(key).len().select(rows_and_keys).collect(engine="streaming").row(0)
        for part in buckets(rows, key, accepted)
    ]
    return _InFiles(sum(int(rows) for rows, _ in parts), sum(int(keys) for _, keys in parts))


def _share(counts: Counts) -> int:
    return -(-counts.rejected * 10_000 // counts.records) if counts.records else 0


def _money(contract: Contract, sums: Sequence[CurrencySum], rows: pl.LazyFrame) -> Iterator[Metric]:
    """Give two differences per currency. What is no currency code may be anything and goes under one name."""
    control = contract.control
    if control is None:
        return
    scale = next((column.scale or 0 for column in contract.columns if column.name == control.amount), 0)
    in_files = _sums(rows, control.currency, control.amount)
    told = {found.currency: found for found in sums}
    missing: dict[str, int] = {}
    astray: dict[str, int] = {}
    for currency in sorted(told.keys() | in_files.keys()):
        name = currency if _CURRENCY.fullmatch(currency) else "other"
        found = told.get(currency)
        accepted, off = (found.accepted, _off(found)) if found else (Decimal(0), Decimal(0))
        missing[name] = missing.get(name, 0) + _minor(off, scale)
        astray[name] = astray.get(name, 0) + _minor(accepted - in_files.get(currency, Decimal(0)), scale)
    for name in missing:
        yield Metric(f"{name}_unaccounted_for", missing[name])
        yield Metric(f"{name}_accepted_not_in_files", astray[name])


def _sums(rows: pl.LazyFrame, currency: str, amount: str) -> Mapping[str, Decimal]:
    by_currency = rows.group_by(pl.col(currency).fill_null("")).agg(pl.col(amount).sum())
    return dict(by_currency.collect(engine="streaming").select(currency, amount).iter_rows())


def _off(found: CurrencySum) -> Decimal:
    return found.records - found.accepted - found.rejected - found.duplicates - found.superseded


def _minor(difference: Decimal, scale: int) -> int:
    return int(abs(difference).scaleb(scale).to_integral_value(ROUND_UP))


def _of_metric(found: Expectation) -> Expectation:
    return Expectation(_BETWEEN, (("column", ACCEPTED), *found.kwargs), found.severity, column=ACCEPTED)
