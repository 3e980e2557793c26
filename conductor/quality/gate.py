"""The gate: may a batch go on?

Rows were checked one by one when they were refined. The gate asks again with another program, and asks what
no row can tell: counts, sums, uniqueness. It fails closed: what can't be judged has not passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from conductor.contracts.expectations import Expectation
from conductor.contracts.model import Contract, Severity
from conductor.contracts.typed import polars_schema
from conductor.errors import ConductorError, RetryLater
from conductor.quality.metrics import (
    REPEATED,
    Metric,
    frame,
    hidden,
    metric_expectations,
    metrics,
    row_expectations,
)
from conductor.quality.page import Page, render
from conductor.quality.suite import Outcome, Report, ask, check, present
from conductor.quality.tally import tally, tally_beside
from conductor.quality.verdict import Limits, Verdict
from conductor.values import FailedExpectation, Refined

USUAL = Limits()


def judge(
    contract: Contract,
    expectations: Sequence[Expectation],
    refined: Refined,
    files: Sequence[str],
    storage_options: Mapping[str, str] | None = None,
    limits: Limits = USUAL,
) -> Verdict:
    """Judge the accepted rows in `files` (addresses or paths of Parquet files) and the counts of `refined`.

    Whatever goes wrong on the way is a verdict that did not pass. Raised is only what says how to go on:
    `Missing` for Great Expectations, `RetryLater` where the files can't be read now.
    """
    try:
        rows = scan(contract, files, storage_options)
        measured = metrics(contract, refined, rows, limits)
        counts = _measured(measured, expectations, hidden(contract))
        asked = row_expectations(expectations)
        sampled = refined.counts.accepted > limits.sample_above
        whole = _in_minor_units(rows)
        accepted = (
            _counted(whole, asked, contract, refined.counts.accepted, limits, measured)
            if sampled
            else check(whole.collect(engine="streaming"), asked, contract.personal)
        )
        page = Page(contract, refined, accepted.sections, counts.sections, sampled=sampled)
        return _verdict((*counts.outcomes, *accepted.outcomes), page)
    except ConductorError:
        raise
    except OSError as error:
        raise RetryLater(f"the accepted rows of {refined.batch.slot.id} could not be read") from error
    except Exception as error:  # whatever it is, the batch was not judged
        failure = FailedExpectation(
            expectation="the gate can judge the batch", column="", observed=type(error).__name__
        )
        page = Page(contract, refined)
        html = render(page, (failure,), ())
        return Verdict(False, len(expectations), (failure,), (), html, judged=False)


def scan(contract: Contract, files: Sequence[str], storage_options: Mapping[str, str] | None) -> pl.LazyFrame:
    """Give the accepted rows; none where no file is."""
    if not files:
        return pl.LazyFrame(schema=polars_schema(contract.columns))
    options = dict(storage_options or {}) or None
    return pl.scan_parquet(list(files), storage_options=options, hive_partitioning=False)


def _measured(
    measured: Sequence[Metric], expectations: Sequence[Expectation], classified: frozenset[str]
) -> Report:
    """Judge the figures of the batch. There is one of each, so there is nothing that two ways of counting could differ in."""
    asked = metric_expectations(measured, expectations)
    return present(tally(frame(measured).lazy(), asked, classified), asked, classified)


def _counted(
    rows: pl.LazyFrame,
    asked: Sequence[Expectation],
    contract: Contract,
    accepted: int,
    limits: Limits,
    measured: Sequence[Metric],
) -> Report:
    """Count over all rows, and have Great Expectations look at a sample.

    What it finds in the sample and the count has not found means that one of the two is wrong: that was not computed.
    """
    repeated = any(metric.name == REPEATED and metric.value for metric in measured)
    tallies, some = tally_beside(
        rows,
        _sample(rows, accepted, limits),
        asked,
        contract.personal,
        () if repeated else contract.key,
    )
    full = present(tallies, asked, contract.personal)
    seen = ask(some, asked, contract.personal)
    return replace(full, outcomes=tuple(map(_agreed, full.outcomes, seen)))


def _agreed(full: Outcome, sampled: Outcome) -> Outcome:
    if full.computed and sampled.computed and sampled.unexpected <= full.unexpected:
        return full
    told = f"{full.unexpected} rows by our count and {sampled.unexpected} in a sample of Great Expectations"
    return replace(full, held=False, computed=False, observed=told if sampled.computed else sampled.observed)


def _in_minor_units(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Give the rows with decimals as whole minor units, never floats."""
    types = rows.collect_schema()
    decimals = (name for name, dtype in types.items() if isinstance(dtype, pl.Decimal))
    return rows.with_columns(pl.col(name).to_physical().cast(pl.Int64) for name in decimals)


def _sample(rows: pl.LazyFrame, accepted: int, limits: Limits) -> pl.LazyFrame:
    """Give some of the rows, chosen by a hash of their place."""
    each = -(-accepted // limits.sample)
    chosen = pl.col("_place").hash(limits.seed) % each == 0
    return rows.with_row_index("_place").filter(chosen).drop("_place")


def _verdict(outcomes: Sequence[Outcome], page: Page) -> Verdict:
    """An expectation that could not be computed stops the batch, however mild it is."""
    missed = [outcome for outcome in outcomes if not outcome.held]
    severe = [one for one in missed if one.expectation.severity is Severity.ERROR or not one.computed]
    failed = tuple(_failure(outcome) for outcome in severe)
    warnings = tuple(_failure(outcome) for outcome in missed if outcome not in severe)
    judged = all(outcome.computed for outcome in outcomes)
    html = render(page, failed, warnings)
    return Verdict(not failed, len(outcomes), failed, warnings, html, judged=judged)


def _failure(outcome: Outcome) -> FailedExpectation:
    column = outcome.expectation.column or "the table"
    return FailedExpectation(expectation=words(outcome.expectation), column=column, observed=outcome.observed)


def words(expectation: Expectation) -> str:
    """Say an expectation in words, such as `column values to be between min 1 max 9`."""
    said = expectation.type.removeprefix("expect_").split("_")
    for name, value in expectation.kwargs:
        if name.startswith("column") or value is None:
            continue
        label = name.split("_")[-2 if name.endswith("_value") else -1]
        told = ", ".join(value) if isinstance(value, tuple) else str(value)
        said += [told] if label in said else [label, told]
    return " ".join(said)
