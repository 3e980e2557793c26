"""The counts of a suite are those of Great Expectations, on any frame and for every expectation that a contract brings about."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conductor.contracts.expectations import Expectation, expectations
from conductor.contracts.model import Column, Kind, RowCount
from conductor.quality import suite, tally
from conductor.quality.tally import Tally
from quality.batches import a_contract

NOBODY: frozenset[str] = frozenset()
CONTRACT = a_contract(
    columns=(
        Column("id", Kind.TEXT, "number", required=True, pattern="^[A-C]+$"),
        Column("other", Kind.TEXT, "one more", unique=True, pattern="(a|b)$"),
        Column("code", Kind.TEXT, "one of few", allowed=("A", "B"), min_length=1, max_length=2),
        Column("amount", Kind.DECIMAL, "money", precision=18, scale=2, minimum="0.01", maximum="0.05"),
        Column("pieces", Kind.INTEGER, "how many", required=True, unique=True, minimum="0"),
    ),
    key=("id", "code"),
    day="id",
    control=None,
    row_counts=(RowCount(1, 100),),
    usual_rows=5,
)
ROW_COUNT = "expect_table_row_count_to_be_between"
SUITE = tuple(found for found in expectations(CONTRACT) if found.type != ROW_COUNT)
SCHEMA = {"id": pl.String, "other": pl.String, "code": pl.String, "amount": pl.Int64, "pieces": pl.Int64}
texts = st.one_of(
    st.none(),
    st.text(
        "ABCab\n $Ü😀", max_size=4
    ),  # line ends, for which patterns of two languages differ; and wide characters
)
numbers = st.one_of(st.none(), st.integers(-2, 7), st.sampled_from([-(2**63), 2**53 + 1, 2**63 - 1]))
frames = st.lists(st.tuples(texts, texts, texts, numbers, numbers), max_size=12).map(
    lambda rows: pl.DataFrame(rows, schema=SCHEMA, orient="row")
)


def figures(counted: Tally | None) -> tuple[int, int | None, int]:
    assert counted is not None
    return counted.rows, counted.missing, counted.unexpected


def counted_by_them(found: Any, rows: int) -> tuple[int, int | None, int]:
    """Give rows, rows without a value and rows that break it, of a result of Great Expectations."""
    result = found.result
    if found.expectation_config.type != tally.COLUMN_SET:
        return result["element_count"], result.get("missing_count"), result["unexpected_count"]
    mismatched = result.get("details", {}).get("mismatched", {})
    return rows, None, sum(map(len, mismatched.values()))


def test_the_suite_has_every_expectation_that_the_tally_knows() -> None:
    single = expectations(a_contract())
    assert {found.type for found in (*SUITE, *single)} - {ROW_COUNT} == tally.KNOWN


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.shrink],  # an example takes a second
)
@given(rows=frames, columns=st.sampled_from([list(SCHEMA), [*SCHEMA, "new"]]))
def test_counts_are_those_of_great_expectations(rows: pl.DataFrame, columns: list[str]) -> None:
    rows = rows.with_columns(pl.lit("x").alias(name) for name in columns if name not in SCHEMA)
    with suite._library():
        results = suite._validate(rows, SUITE).results
    ours = list(map(figures, tally.tally(rows.lazy(), SUITE, NOBODY)))
    theirs = {suite._place(found): counted_by_them(found, rows.height) for found in results}
    assert ours == [theirs[place] for place in range(len(SUITE))]


def test_repeated_values_are_found_in_any_number_of_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pl.LazyFrame(
        {"a": ["x", "x", "y", None, None, "z", None], "b": [1, 1, 1, 2, 2, None, None]},
        schema={"a": pl.String, "b": pl.Int64},
    )
    for at_once in (1, 2, 100):
        monkeypatch.setattr(tally, "KEYS_AT_ONCE", at_once)
        assert (
            tally.repeated(rows, ["a", "b"], 7) == 4
        )  # (x, 1) twice and (none, 2) twice; a row of nothing is no row
        assert tally.repeated(rows, ["a"], 7) == 2


def test_rows_that_surely_differ_are_told_by_their_hashes_in_any_number_of_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = pl.LazyFrame({"a": ["x", "y", None, None], "b": [1, 1, 1, 1]})
    for at_once in (1, 2, 100):
        monkeypatch.setattr(tally, "HASHES_AT_ONCE", at_once)
        assert not tally.all_differ(rows, ["a", "b"], 4)  # one missing value is as good as another
        assert tally.all_differ(rows.head(3), ["a", "b"], 3)
        assert not tally.all_differ(rows.head(3), ["b"], 3)


def test_what_lies_beside_is_computed_of_the_same_rows() -> None:
    rows = pl.LazyFrame({"id": ["A", "B", "B"]})
    asked = [Expectation("expect_column_values_to_be_unique", (("column", "id"),), column="id")]
    (counted,), beside = tally.tally_beside(rows, rows.tail(1), asked, NOBODY)
    assert figures(counted) == (3, 0, 2)
    assert beside.to_dicts() == [{"id": "B"}]
    (known,), _ = tally.tally_beside(rows, rows.tail(1), asked, NOBODY, differ=["id"])
    assert figures(known) == (3, 0, 0)  # the caller's word is taken


@pytest.mark.parametrize(
    "asked",
    [
        Expectation("expect_column_values_to_be_unique", (("column", "nobody"),), column="nobody"),
        Expectation("expect_column_values_to_be_increasing", (("column", "id"),), column="id"),
    ],
)
def test_what_cannot_be_counted_is_not_taken_for_good(asked: Expectation) -> None:
    rows = pl.LazyFrame({"id": ["A"]})
    tallies = tally.tally(rows, [asked], NOBODY)
    (outcome,) = suite.present(tallies, [asked], NOBODY).outcomes
    assert tallies == (None,)
    assert (outcome.held, outcome.computed) == (False, False)


def test_examples_are_shown_of_open_columns_only() -> None:
    rows = pl.LazyFrame({"code": ["A", "secret", "secret", None]})
    asked = Expectation(
        "expect_column_values_to_be_in_set", (("column", "code"), ("value_set", ("A",))), column="code"
    )
    shown, hidden = (
        suite.present(tally.tally(rows, [asked], private), [asked], private)
        for private in (NOBODY, frozenset({"code"}))
    )
    assert shown.outcomes[0].observed == "2 of 4 rows: secret"
    assert "secret" in shown.sections
    assert hidden.outcomes[0].observed == "2 of 4 rows"
    assert "secret" not in hidden.sections
    assert "66.67%" in hidden.sections  # two of the three rows that have a value
