"""When the next request may go: the rate of a company, and the patience with failures."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from conductor.errors import RetryLater


@dataclass(frozen=True)
class Clock:
    """Time as an argument. `monotonic` and `sleep` count seconds; `random` gives a number from 0 to 1."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """What a company may be asked. In any `t` seconds at most `burst + per_second * t` requests start."""

    per_second: float
    burst: int
    concurrent: int


class Throttled(RetryLater):
    """The service says "slow down". `wait_s` is what it asked for, in seconds; None if it named nothing."""

    def __init__(self, sentence: str, wait_s: float | None) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


@dataclass
class _Lane:
    """The turns of one company."""

    room: threading.BoundedSemaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    due: float = float("-inf")


class RateLimiter:
    """Give each company its own rate and number of requests in flight; one serves a whole process."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._lanes = defaultdict[str, _Lane](lambda: _Lane(threading.BoundedSemaphore(limits.concurrent)))

    @contextmanager
    def turn(self, company: str) -> Generator[None]:
        """Wait until the company may be asked, and count one request in flight while inside."""
        with self._lock:
            lane = self._lanes[company]
        with lane.room:
            wait = self._reserve(lane)
            if wait > 0:
                self._clock.sleep(wait)
            yield

    def _reserve(self, lane: _Lane) -> float:
        """Take the next free start and give the seconds until then: a token bucket, kept as one instant."""
        interval = 1 / self._limits.per_second
        with lane.lock:
            now = self._clock.monotonic()
            lane.due = max(now, lane.due) + interval
            return lane.due - now - interval * self._limits.burst


@dataclass(frozen=True)
class Budget:
    """How long one call may be tried: attempts, seconds in all, and the bounds of each wait.

    `seconds` is longer than a throttle window of a minute, so what is still throttled after it is no minute's
    limit.
    """

    attempts: int = 8
    seconds: float = 180.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


class Patience:
    """Decide after each failure of one call whether it is tried again, and wait.

    Used as stamina's back-off hook. It waits by itself, since only so the clock is an argument and the wait
    is known to fit the budget before it begins.
    """

    def __init__(self, budget: Budget, clock: Clock) -> None:
        self._budget = budget
        self._clock = clock
        self._end = clock.monotonic() + budget.seconds
        self._failures = 0

    def __call__(self, error: Exception) -> bool | float:
        """Give False to stop; else wait (as asked for, or exponentially with jitter) and give 0."""
        self._failures += 1
        if not isinstance(error, RetryLater) or self._failures >= self._budget.attempts:
            return False
        wait = self._wait(error)
        if self._clock.monotonic() + wait > self._end:
            return False
        self._clock.sleep(wait)
        return 0.0

    def _wait(self, error: RetryLater) -> float:
        if isinstance(error, Throttled) and error.wait_s is not None:
            return error.wait_s
        bound = min(self._budget.longest_wait_s, self._budget.first_wait_s * 2 ** (self._failures - 1))
        return bound * (0.5 + self._clock.random() / 2)
