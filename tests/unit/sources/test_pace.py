"""Rate, concurrency and patience, on a clock that only sleeping moves."""

from __future__ import annotations

import threading

import pytest

from conductor.errors import FixTheData, RetryLater
from conductor.sources.pace import Budget, Clock, Limits, Patience, RateLimiter, Throttled
from conductor.sources.quickbooks import ADAPTER

from .conftest import Hands


def test_starts_stay_within_ten_a_second_and_five_hundred_a_minute(hands: Hands) -> None:
    limiter = RateLimiter(hands.clock, ADAPTER.limits)
    starts: list[float] = []
    for _ in range(1500):
        with limiter.turn("one"):
            starts.append(hands.time)
    for seconds, most in ((1, 10), (60, 500)):
        crowd = max(
            sum(1 for other in starts[i : i + most + 1] if other - begin < seconds)
            for i, begin in enumerate(starts)
        )
        assert crowd <= most
    assert hands.time - starts[0] < 1500 / 8 + 1  # and no slower than the rate allows


def test_a_pause_earns_a_burst_and_no_more(hands: Hands) -> None:
    limiter = RateLimiter(hands.clock, Limits(per_second=1, burst=3, concurrent=1))
    with limiter.turn("one"):
        pass
    hands.time += 1000
    before = len(hands.slept)
    for _ in range(3):
        with limiter.turn("one"):
            pass
    assert len(hands.slept) == before
    with limiter.turn("one"):
        pass
    assert hands.slept[before:] == [pytest.approx(1)]


def test_companies_do_not_wait_for_each_other(hands: Hands) -> None:
    limiter = RateLimiter(hands.clock, Limits(per_second=1, burst=1, concurrent=1))
    for company in ("one", "two", "three"):
        with limiter.turn(company):
            pass
    assert hands.slept == []


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    limiter = RateLimiter(
        Clock(lambda: 0.0, lambda seconds: None, lambda: 0.0), Limits(per_second=1, burst=1, concurrent=3)
    )
    inside, most = 0, 0
    lock, release, full = threading.Lock(), threading.Event(), threading.Event()

    def ask() -> None:
        nonlocal inside, most
        with limiter.turn("one"):
            with lock:
                inside += 1
                most = max(most, inside)
                if inside == 3:
                    full.set()
            release.wait(10)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    assert full.wait(10)
    release.set()
    for thread in threads:
        thread.join()
    assert most == 3


def test_waits_grow_are_jittered_and_stop_at_the_longest(hands: Hands) -> None:
    patience = Patience(Budget(attempts=20, seconds=10_000, first_wait_s=1, longest_wait_s=16), hands.clock)
    for _ in range(10):
        assert patience(RetryLater("later")) == 0.0
    bounds = [1, 2, 4, 8, 16, 16, 16, 16, 16, 16]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(hands.slept, bounds, strict=True))
    assert len(set(hands.slept[4:])) > 1


def test_nothing_but_retry_later_is_tried_again(hands: Hands) -> None:
    patience = Patience(Budget(), hands.clock)
    assert patience(FixTheData("bad")) is False
    assert patience(ValueError("bug")) is False
    assert hands.slept == []


def test_a_wait_that_would_outlast_the_budget_is_not_begun(hands: Hands) -> None:
    patience = Patience(Budget(seconds=10), hands.clock)
    assert patience(Throttled("slow down", 10)) == 0.0
    assert patience(Throttled("slow down", 0.1)) is False
    assert hands.slept == [10]
