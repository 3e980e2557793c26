"""How many runs a pool lets run at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor.scaling import Bounds, Load, scale

BOUNDS = Bounds(2, 10)


def limit(limit: int | None, waiting: int, running: int) -> int | None:
    scaled = scale(Load("polars", limit, waiting, running), BOUNDS)
    return scaled.limit if scaled else None


def test_room_is_made_at_once_for_all_that_wait() -> None:
    assert limit(2, waiting=3, running=2) == 5


def test_no_more_than_the_ceiling_run_at_once_however_many_wait() -> None:
    assert limit(2, waiting=500, running=2) == 10


def test_a_quiet_pool_gives_its_room_back_by_halves_down_to_the_baseline() -> None:
    found, steps = 10, []
    while (smaller := limit(found, waiting=0, running=0)) is not None:
        found = smaller
        steps.append(found)
    assert steps == [6, 4, 3, 2]


def test_a_pool_that_a_person_stopped_stays_stopped() -> None:
    assert limit(0, waiting=9, running=0) is None


def test_a_pool_without_a_limit_gets_one() -> None:
    assert limit(None, waiting=0, running=0) == 2


def test_a_ceiling_that_was_lowered_counts_at_once() -> None:
    assert limit(40, waiting=0, running=30) == 10


def test_the_reason_says_what_was_seen() -> None:
    scaled = scale(Load("polars", 2, 3, 2), BOUNDS)
    assert scaled
    assert scaled.reason == "3 wait and 2 run; at least 2, at most 10 may run at once"


@pytest.mark.parametrize("bounds", [(0, 4), (5, 4)])
def test_bounds_that_contradict_themselves_are_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="baseline"):
        Bounds(*bounds)


@given(st.integers(1, 99), st.integers(0, 999), st.integers(0, 99))
def test_a_limit_never_leaves_the_bounds_and_comes_to_rest(now: int, waiting: int, running: int) -> None:
    for _ in range(12):
        found = limit(now, waiting, running)
        if found is None:
            break
        assert BOUNDS.baseline <= found <= BOUNDS.ceiling
        now = found
    assert limit(now, waiting, running) is None
