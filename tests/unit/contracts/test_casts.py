from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor.contracts.casts import guard
from conductor.contracts.model import Column, Kind


def accepts(kind: Kind, text: str, precision: int | None = None, scale: int | None = None) -> bool:
    pattern = guard(Column("x", kind, "", precision=precision, scale=scale))
    assert pattern
    return re.search(pattern.removesuffix("$") + r"\Z", text) is not None


@given(st.integers(1000, 2999), st.integers(0, 99), st.integers(0, 99))
def test_a_day_passes_if_and_only_if_the_calendar_has_it(year: int, month: int, day: int):
    try:
        real = bool(date(year, month, day))
    except ValueError:
        real = False
    assert accepts(Kind.DATE, f"{year:04}-{month:02}-{day:02}") is real


def test_leap_days_are_known():
    for year in range(1000, 3000):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        assert accepts(Kind.DATE, f"{year}-02-29") is leap


@given(
    st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31)),
    st.sampled_from(["Z", "+14:00", "-08:00", "+05:30"]),
)
def test_an_instant_with_an_offset_passes(at: datetime, offset: str):
    assert accepts(Kind.TIMESTAMP, at.isoformat() + offset)
    assert not accepts(Kind.TIMESTAMP, at.isoformat())


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T24:00:00Z", "2026-11-20T13:60:00Z", "2026-11-20T13:45:06+15:00", "2026-11-20 13:45:06Z"],
)
def test_an_instant_that_engines_read_differently_does_not_pass(text: str):
    assert not accepts(Kind.TIMESTAMP, text)


@given(st.decimals(min_value=-(10**16) + 1, max_value=10**16 - 1, places=2))
def test_every_value_of_a_decimal_type_passes(value: object):
    assert accepts(Kind.DECIMAL, str(value), 18, 2)


@pytest.mark.parametrize(
    "text", ["1.", ".1", "1.234", "12345678901234567", "1e3", "+1", " 1", "1\n", "1_0", "٧", "NaN", ""]
)
def test_what_is_no_value_of_a_decimal_type_does_not_pass(text: str):
    assert not accepts(Kind.DECIMAL, text, 18, 2)


def test_a_decimal_without_scale_has_no_point():
    assert accepts(Kind.DECIMAL, "123", 3, 0)
    assert not accepts(Kind.DECIMAL, "123.0", 4, 0)


@pytest.mark.parametrize(
    ("text", "passes"), [("true", True), ("false", True), ("True", False), ("1", False), ("", False)]
)
def test_only_json_words_are_booleans(text: str, passes: bool):
    assert accepts(Kind.BOOLEAN, text) is passes
