"""Patterns that engines would read differently are refused when the contract is read."""

from __future__ import annotations

import pytest

from conductor.contracts.portable import check_condition, check_pattern


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("REGEXP_LIKE(t, u)", "needs its pattern written out"),
        ("t LIKE u", "needs its pattern written out"),
        ("t LIKE 'a\\_b'", "which engines read differently"),
        ("REGEXP_LIKE(t, '^[0-9]++$')", "which engines read differently"),
        ("REGEXP_LIKE(t, '\\d')", "which engines read differently"),
        ("REGEXP_LIKE(t, 'a', 'i')", "needs its pattern written out as one text"),
    ],
)
def test_a_pattern_that_is_not_the_same_everywhere_is_refused(sql: str, said: str):
    [fault] = check_condition(sql, ["t", "u"])
    assert said in fault


@pytest.mark.parametrize("sql", ["REGEXP_LIKE(t, '^[a-z]{1,3}[.]?$')", "t LIKE 'Voided%'"])
def test_patterns_of_the_common_kind_are_fine(sql: str):
    assert list(check_condition(sql, ["t"])) == []


@pytest.mark.parametrize("pattern", ["a*+", "a?+", "a{2}+"])
def test_a_possessive_count_is_refused(pattern: str):
    assert list(check_pattern(pattern))
