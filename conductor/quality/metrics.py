"""The figures of a batch, judged beside its rows: do counts and sums agree with what lies in the files?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, localcontext

import polars as pl
from sqlglot import exp, parse_one

from conductor.contracts.bounds import DIGITS
from conductor.contracts.expectations import Expectation
from conductor.contracts.model import Contract, Figure, Severity
from conductor.quality.tally import NOT_NULL, all_differ, buckets
from conductor.quality.verdict import Limits
from conductor.values import Counts, CurrencySum, Refined

ACCEPTED = "accepted_rows"
REPEATED = "repeated_keys"
_CURRENCY = re.compile(r"[A-Z]{3}")
_ROW_COUNT = "expect_table_row_count_to_be_between"
_BETWEEN = "expect_column_values_to_be_between"


@dataclass(frozen=True)
class Metric:
    """A whole number and what it may be; None where that side is open, or other expectations bound it.

    A value of None is one that could not be told, and is never good.
    """

    name: str
    value: int | None
    most: int | None = 0
    least: int | None = None
    severity: Severity = Severity.ERROR


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
        Metric(REPEATED, in_files.rows - in_files.keys),
        Metric("rejected_basis_points", _share(counts), most=int(limits.rejected_share * 10_000)),
        *_money(contract, refined.sums, rows),
        *(_figure(figure, contract, rows) for figure in contract.figures),
    )


def hidden(contract: Contract) -> frozenset[str]:
    """Give the names of the metrics that tell of classified columns."""
    personal = contract.personal
    return frozenset(
        figure.code
        for figure in contract.figures
        if any(column.name in personal for column in parse_one(figure.sql).find_all(exp.Column))
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
    counts = (_of_metric(found) for found in suite if found.type == _ROW_COUNT)
    return (*counts, *(found for metric in measured for found in _bounds(metric)))


def _bounds(metric: Metric) -> Iterator[Expectation]:
    about, severity = ("column", metric.name), metric.severity
    ends = (("min_value", metric.least), ("max_value", metric.most))
    given = tuple(end for end in ends if end[1] is not None)
    if given:
        yield Expectation(_BETWEEN, (about, *given), severity, column=metric.name)
    if metric.value is None:
        yield Expectation(NOT_NULL, (about,), severity, column=metric.name)


def row_expectations(suite: Sequence[Expectation]) -> tuple[Expectation, ...]:
    """Give what the suite says of the rows themselves."""
    return tuple(found for found in suite if found.type != _ROW_COUNT)


@dataclass(frozen=True)
class _InFiles:
    rows: int
    keys: int


def _count(rows: pl.LazyFrame, key: Sequence[str], accepted: int) -> _InFiles:
    if not key or all_differ(rows, key, accepted):
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


def _figure(figure: Figure, contract: Contract, rows: pl.LazyFrame) -> Metric:
    """Compute a figure of the contract, in units of its last decimal; the greatest of no rows is none."""
    given = pl.SQLContext(frames={contract.table: rows}).execute(figure.sql).collect(engine="streaming")
    value, dtype = given.item(), given.dtypes[0]
    scale = dtype.scale if isinstance(dtype, pl.Decimal) else 0
    least, most = figure.bounds.in_units(scale)
    with localcontext(prec=DIGITS):
        units = None if value is None else int(Decimal(value).scaleb(scale))
    return Metric(figure.code, units, most, least, figure.severity)


def _off(found: CurrencySum) -> Decimal:
    return found.records - found.accepted - found.rejected - found.duplicates - found.superseded


def _minor(difference: Decimal, scale: int) -> int:
    return int(abs(difference).scaleb(scale).to_integral_value(ROUND_UP))


def _of_metric(found: Expectation) -> Expectation:
    return Expectation(_BETWEEN, (("column", ACCEPTED), *found.kwargs), found.severity, column=ACCEPTED)
