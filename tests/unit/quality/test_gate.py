"""The gate lets good batches through, holds bad ones, and holds what it cannot judge. Great Expectations is the real one."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from conductor.contracts.bounds import Bounds
from conductor.contracts.expectations import Expectation, expectations
from conductor.contracts.model import Contract, Figure, Severity
from conductor.errors import Missing, RetryLater
from conductor.quality import gate, suite
from conductor.quality.gate import judge
from conductor.quality.tally import Tally, tally_beside
from conductor.quality.verdict import Limits, Verdict
from conductor.values import CurrencySum, FailedExpectation, Refined
from quality.batches import Row, a_contract, a_file, a_refined, a_sum, counted

GOOD: list[Row] = [
    ("R-1", "EUR", "12.30", "Ada"),
    ("R-2", "EUR", "0.01", None),
    ("R-3", "USD", "7.00", "Bob"),
]
USUAL = Limits()
SUMS = (a_sum("EUR", "12.31"), a_sum("USD", "7.00"))


def judged(
    tmp_path: Path,
    rows: list[Row],
    refined: Refined | None = None,
    contract: Contract | None = None,
    limits: Limits = USUAL,
) -> Verdict:
    contract = contract or a_contract()
    told = refined or a_refined(counted(len(rows)), _sums(rows))
    return judge(contract, expectations(contract), told, [a_file(tmp_path, rows)], limits=limits)


def _sums(rows: list[Row]) -> list[CurrencySum]:
    totals: dict[str, Decimal] = {}
    for _, currency, amount, _ in rows:
        totals[currency or ""] = totals.get(currency or "", Decimal(0)) + Decimal(amount or 0)
    return [a_sum(currency, str(total)) for currency, total in totals.items()]


def missed(verdict: Verdict) -> list[tuple[str, str]]:
    return [(failed.expectation, failed.column) for failed in verdict.failed]


def test_a_good_batch_passes(tmp_path: Path) -> None:
    verdict = judged(tmp_path, GOOD, a_refined(counted(3), SUMS))
    assert verdict.passed
    assert (verdict.failed, verdict.warnings) == ((), ())
    # the contract's suite, four metrics with a bound, and two per currency
    assert verdict.expectations == len(expectations(a_contract())) + 4 + 2 * 2


@pytest.mark.parametrize(
    ("row", "expectation", "column"),
    [
        (("R-1", "EUR", "1.00", None), "column values to be unique", "id"),
        (("r9", "EUR", "1.00", None), "column values to match regex ^[A-Z]+-[0-9]+$", "id"),
        (("R-9", "EUR", None, None), "column values to not be null", "amount"),
        (("R-9", "EUR", "0.00", None), "column values to be between min 1", "amount"),
        (("R-9", "GBP", "1.00", None), "column values to be in set EUR, USD", "currency"),
        (("R-9", "EUR", "1.00", "x" * 21), "column value lengths to be between max 20", "customer"),
    ],
)
def test_a_row_that_breaks_the_contract_holds_the_batch(
    tmp_path: Path, row: Row, expectation: str, column: str
) -> None:
    verdict = judged(tmp_path, [*GOOD, row])
    assert not verdict.passed
    assert (expectation, column) in missed(verdict)
    others = (
        {("column values to be between max 0", "repeated_keys")}
        if column == "id" and row[0] == "R-1"
        else set()
    )
    assert set(missed(verdict)) - {(expectation, column)} == others


def test_money_beyond_the_exact_range_of_floats_is_judged_to_the_last_cent(tmp_path: Path) -> None:
    # 2**53 minor units and one more are one and the same float
    rows: list[Row] = [("R-1", "EUR", "90071992547409.93", None), ("R-2", "EUR", "90071992547409.92", None)]
    told = a_refined(counted(2), [a_sum("EUR", "180143985094819.85")])
    assert judged(tmp_path, rows, told).passed
    off = a_refined(counted(2), [a_sum("EUR", "180143985094819.84")])
    assert missed(judged(tmp_path, rows, off)) == [
        ("column values to be between max 0", "EUR_accepted_not_in_files")
    ]


@pytest.mark.parametrize(
    ("refined", "column", "most", "observed"),
    [
        (a_refined(counted(3, records=4), SUMS), "records_unaccounted_for", 0, "1"),
        (a_refined(counted(3, 4), SUMS), "rejected_basis_points", 5000, "5715"),  # 4 of 7, rounded up
        (
            a_refined(counted(3), (SUMS[0], a_sum("USD", "7.00", records="7.01"))),
            "USD_unaccounted_for",
            0,
            "1",
        ),
        (a_refined(counted(3), SUMS[:1]), "USD_accepted_not_in_files", 0, "700"),
    ],
)
def test_counts_and_sums_that_do_not_agree_hold_the_batch(
    tmp_path: Path, refined: Refined, column: str, most: int, observed: str
) -> None:
    verdict = judged(tmp_path, GOOD, refined)
    assert missed(verdict) == [(f"column values to be between max {most}", column)]
    assert verdict.failed[0].observed == observed


def test_rows_that_are_missing_in_the_files_hold_the_batch(tmp_path: Path) -> None:
    verdict = judged(tmp_path, GOOD[:2], a_refined(counted(3), SUMS))
    assert {column for _, column in missed(verdict)} == {
        "accepted_rows_not_in_files",
        "USD_accepted_not_in_files",
    }


def test_what_may_be_rejected_is_a_limit_of_the_caller(tmp_path: Path) -> None:
    told = a_refined(counted(3, 1), SUMS)
    assert judged(tmp_path, GOOD, told, limits=Limits(rejected_share=Decimal("0.25"))).passed
    assert not judged(tmp_path, GOOD, told, limits=Limits(rejected_share=Decimal("0.24"))).passed


@pytest.mark.parametrize(("allowed", "passed"), [(True, True), (False, False)])
def test_an_empty_batch_passes_where_the_contract_allows_it(allowed: bool, passed: bool) -> None:
    contract = a_contract(empty_day_allowed=allowed)
    assert judge(contract, expectations(contract), a_refined(counted(0)), []).passed is passed


def test_an_unusual_number_of_rows_is_a_warning(tmp_path: Path) -> None:
    verdict = judged(tmp_path, GOOD, contract=a_contract(usual_rows=100))
    assert verdict.passed
    assert verdict.warnings == (
        FailedExpectation(
            expectation="column values to be between min 50 max 200", column="accepted_rows", observed="3"
        ),
    )


def test_a_sample_is_judged_row_by_row_and_everything_is_counted(tmp_path: Path) -> None:
    rows: list[Row] = [(f"R-{n}", "EUR", "1.00", None) for n in range(2_000)]
    contract = a_contract(usual_rows=2_000)
    sampled = Limits(sample_above=100, sample=50)
    verdict = judged(tmp_path, rows, contract=contract, limits=sampled)
    assert (verdict.passed, verdict.warnings) == (True, ())
    repeated = judged(tmp_path, [*rows, rows[0]], contract=contract, limits=sampled)
    assert missed(repeated) == [
        ("column values to be between max 0", "repeated_keys"),
        ("column values to be unique", "id"),
    ]
    assert repeated.judged


def test_one_bad_row_that_no_sample_holds_holds_the_batch(tmp_path: Path) -> None:
    rows: list[Row] = [(f"R-{n}", "EUR", "1.00", None) for n in range(2_000)]
    contract = a_contract(usual_rows=2_000)
    bad: Row = ("R-9999", "EUR", "0.00", "x" * 21)
    verdict = judged(tmp_path, [*rows, bad], contract=contract, limits=Limits(sample_above=100, sample=10))
    assert verdict.failed == (
        FailedExpectation(
            expectation="column values to be between min 1", column="amount", observed="1 of 2001 rows: 0"
        ),
        FailedExpectation(  # of a personal column, counts and no example
            expectation="column value lengths to be between max 20",
            column="customer",
            observed="1 of 2001 rows",
        ),
    )
    assert "x" * 21 not in verdict.html


def test_a_count_that_finds_less_than_the_sample_holds_the_batch_as_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Row] = [(f"R-{n}", "EUR", "0.00", None) for n in range(200)]
    limits = Limits(sample_above=100, sample=200)
    honest = judged(tmp_path, rows, limits=limits)
    assert honest.judged
    assert [failed.observed for failed in honest.failed] == ["200 of 200 rows: 0"]

    def blind(*given: object) -> tuple[tuple[Tally | None, ...], pl.DataFrame]:
        found, some = tally_beside(*given)  # pyright: ignore
        return tuple(each and replace(each, unexpected=0, examples=()) for each in found), some

    monkeypatch.setattr(gate, "tally_beside", blind)
    verdict = judged(tmp_path, rows, limits=limits)
    assert (verdict.passed, verdict.judged) == (False, False)
    assert [failed.observed for failed in verdict.failed] == [
        "0 rows by our count and 200 in a sample of Great Expectations"
    ]


def test_an_expectation_that_cannot_be_computed_holds_the_batch_even_as_a_warning(tmp_path: Path) -> None:
    asked = Expectation(
        "expect_column_values_to_be_unique", (("column", "nobody"),), Severity.WARNING, column="nobody"
    )
    verdict = judge(a_contract(), [asked], a_refined(counted(3), SUMS), [a_file(tmp_path, GOOD)])
    assert not verdict.passed
    assert [(failed.column, failed.observed) for failed in verdict.failed] == [
        ("nobody", "could not be computed")
    ]


def test_an_expectation_that_does_not_exist_holds_the_batch(tmp_path: Path) -> None:
    asked = [Expectation("expect_the_unexpected", ())]
    verdict = judge(a_contract(), asked, a_refined(counted(3), SUMS), [a_file(tmp_path, GOOD)])
    assert not verdict.passed
    assert "held" in verdict.html


@pytest.mark.parametrize(
    ("sql", "bounds", "observed"),
    [
        ("SELECT SUM(amount) FROM receipts", Bounds(Decimal("19.30"), Decimal("19.31")), None),
        ("SELECT SUM(amount) FROM receipts", Bounds(Decimal("19.31"), exclusive=True), "1931"),  # in cents
        ("SELECT COUNT(DISTINCT currency) FROM receipts", Bounds(Decimal(3)), "2"),
        ("SELECT MAX(amount) FROM receipts WHERE id = 'R-0'", Bounds(most=Decimal(9)), "1 of 1 rows"),
        ("SELECT COUNT(customer) FROM receipts", Bounds(Decimal(3)), "1 of 1 rows"),  # of a personal column
    ],
)
@pytest.mark.parametrize("limits", [Limits(), Limits(sample_above=1)], ids=["whole", "sampled"])
def test_a_figure_of_the_contract_is_computed_over_all_rows(
    tmp_path: Path, sql: str, bounds: Bounds, observed: str | None, limits: Limits
) -> None:
    contract = a_contract(figures=(Figure("TOTAL", sql, "what a day comes to", bounds),))
    verdict = judged(tmp_path, GOOD, contract=contract, limits=limits)
    assert [(each.column, each.observed) for each in verdict.failed] == (
        [("TOTAL", observed)] if observed else []
    )
    assert verdict.judged


def test_a_figure_that_warns_stops_nothing(tmp_path: Path) -> None:
    few = Figure("FEW", "SELECT COUNT(*) FROM receipts", "", Bounds(Decimal(4)), Severity.WARNING)
    verdict = judged(tmp_path, GOOD, contract=a_contract(figures=(few,)))
    assert verdict.passed
    assert [each.column for each in verdict.warnings] == ["FEW"]


def test_clouds_and_spark_are_not_imported_for_the_gate_and_can_be_afterwards() -> None:
    """In a process of its own: what is imported once stays imported."""
    asked = "check(pl.DataFrame({'n': [1]}), (), frozenset())"
    before = "import sys, polars as pl; from conductor.quality.suite import check; "
    after = "assert not {'pyspark', 'boto3', 'google.cloud'} & sys.modules.keys(); import boto3, pyspark"
    done = subprocess.run(
        [sys.executable, "-c", f"{before}{asked}; {after}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_files_that_are_no_parquet_hold_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    path.write_bytes(b"PAR1 not really PAR1")
    verdict = judge(a_contract(), expectations(a_contract()), a_refined(counted(3), SUMS), [str(path)])
    assert not verdict.passed


def test_an_answer_that_is_missing_holds_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    validate = suite._validate

    def forgetful(rows: pl.DataFrame, asked: list[Expectation]) -> object:
        result = validate(rows, asked)
        result.results = result.results[:-1]
        return result

    monkeypatch.setattr(suite, "_validate", forgetful)
    assert not judged(tmp_path, GOOD).passed


def test_files_that_are_not_there_are_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(RetryLater):
        judge(a_contract(), [], a_refined(counted(3)), [str(tmp_path / "none.parquet")])


def test_without_great_expectations_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "great_expectations", None)
    with pytest.raises(Missing, match=r"cloud-conductor\[gx\]"):
        judged(tmp_path, GOOD)


def test_the_gate_is_quiet_leaves_no_folder_and_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the gate reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert judged(tmp_path, GOOD).passed
    assert tuple(capfd.readouterr()) == ("", "")
    assert list(scratch.iterdir()) == []


def test_decimals_reach_the_suite_as_whole_minor_units(tmp_path: Path) -> None:
    rows = gate.scan(a_contract(), [a_file(tmp_path, GOOD)], None)
    seen = gate._in_minor_units(rows).collect()
    assert seen["amount"].to_list() == [1230, 1, 700]
    assert seen["amount"].dtype == pl.Int64


def test_a_contract_without_money_is_judged_on_its_rows(tmp_path: Path) -> None:
    assert judged(tmp_path, GOOD, contract=replace(a_contract(), control=None)).passed
