from datetime import date
from decimal import Decimal

import pytest

from conductor.errors import (
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    LeaseHeld,
    Missing,
    RetryLater,
    StopAndCall,
)
from conductor.notify.notice import Link, Notice, Problem, Severity, one_line, plain_text
from conductor.notify.notices import daily_report, failure, row_count
from conductor.values import Slot

SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 21))


def test_a_missing_day_is_told_with_both_numbers_the_last_good_day_and_the_next_command() -> None:
    notice = row_count(SLOT, "8c1f", 0, 5000, date(2026, 11, 20))
    assert notice.sentence == "0 rows, about 5,000 expected; the last good day was 2026-11-20."
    assert notice.next_command == "conductor explain 8c1f"


def test_the_first_day_of_all_claims_no_good_day_before_it() -> None:
    assert row_count(SLOT, "8c1f", 1, 5000, None).sentence == (
        "1 row, about 5,000 expected; there has been no good day yet."
    )


@pytest.mark.parametrize(
    ("error", "problem", "severity"),
    [
        (RetryLater("x"), Problem.NOT_READY, Severity.WARNING),
        (LeaseHeld("x"), Problem.NOT_READY, Severity.WARNING),
        (FixTheData("x"), Problem.DATA, Severity.ERROR),
        (FixTheConfiguration("x"), Problem.CONFIGURATION, Severity.ERROR),
        (Missing("x"), Problem.CONFIGURATION, Severity.ERROR),
        (StopAndCall("x"), Problem.STOPPED, Severity.CRITICAL),
        (ConductorError("x"), Problem.STOPPED, Severity.CRITICAL),
    ],
)
def test_what_to_do_about_an_error_decides_how_loud_it_is(
    error: ConductorError, problem: Problem, severity: Severity
) -> None:
    notice = failure(SLOT, error)
    assert (notice.problem, notice.severity) == (problem, severity)


def test_a_failure_tells_where_it_happened_and_only_what_is_known() -> None:
    error = FixTheData("3 rows have no currency", next_command="conductor quarantine show b1", batch="b1")
    notice = failure(SLOT, error)
    assert notice.sentence == "3 rows have no currency"
    assert notice.facts == (("Batch", "b1"),)
    assert notice.next_command == "conductor quarantine show b1"


def test_the_daily_report_has_the_totals_and_closes_every_problem() -> None:
    link = Link("Daily revenue", "https://docs.example/revenue.html")
    notice = daily_report(
        SLOT, "b1", 2, 5012, 3, (("EUR", Decimal("1234567.80")), ("GBP", Decimal("-5.00"))), (link,)
    )
    assert notice.sentence == "5,012 rows loaded and tested, 3 rejected."
    assert notice.facts == (
        ("Total EUR", "1,234,567.80"),
        ("Total GBP", "-5.00"),
        ("Made from", "batch b1, version 2"),
    )
    assert notice.next_command == "conductor quarantine show b1"
    assert notice.links == (link,)
    assert set(notice.resolves) == set(Problem)


def test_without_rejected_rows_the_daily_report_asks_for_nothing() -> None:
    assert daily_report(SLOT, "b1", 1, 5012, 0, (), ()).next_command is None


def test_plain_text_lines_up_its_facts() -> None:
    notice = Notice(
        Severity.ERROR,
        SLOT,
        "t",
        "It broke.",
        facts=(("Rows", "0"), ("Expected", "5,000")),
        next_command="conductor explain b1",
        links=(Link("Run", "https://runs.example/1"),),
    )
    assert plain_text(notice) == (
        "It broke.\n\nRows      0\nExpected  5,000\n\nNext: conductor explain b1\n\nRun: https://runs.example/1\n"
    )


def test_one_line_leaves_no_way_to_a_second() -> None:
    assert one_line(" a\r\nBcc: x\x0b\x00b\u2028c\x1b[31m ") == "a Bcc: x b c [31m"
