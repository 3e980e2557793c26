from datetime import date, timedelta

import pytest

from conductor.notify.expected import about

SATURDAY = date(2026, 11, 21)


def before(*rows_by_days: tuple[int, int]) -> dict[date, int]:
    return {SATURDAY - timedelta(days=days): rows for days, rows in rows_by_days}


def test_the_same_weekdays_decide_where_there_are_some() -> None:
    assert about(SATURDAY, before((1, 9000), (2, 9000), (7, 5000), (14, 5200), (21, 4900)), 1) == 5000


def test_a_closed_weekday_lets_expect_nothing() -> None:
    assert about(SATURDAY, before((1, 9000), (2, 9000), (7, 0), (14, 0)), 1) == 0


def test_a_new_weekday_is_judged_by_all_days() -> None:
    assert about(SATURDAY, before((1, 5000), (2, 4000), (3, 6000)), 1) == 5000


def test_days_of_more_than_four_weeks_ago_say_nothing() -> None:
    assert about(SATURDAY, before((28, 300), (35, 7000), (42, 7000)), 1) == 300


def test_without_any_day_the_contract_says_it() -> None:
    assert about(SATURDAY, {}, 800) == 800
    assert about(SATURDAY, {}, 0) == 0


@pytest.mark.parametrize(("rows", "said"), [(7, 7), (87, 87), (123, 120), (4987, 5000), (20_512, 21_000)])
def test_about_means_two_digits(rows: int, said: int) -> None:
    assert about(SATURDAY, before((7, rows)), 1) == said
