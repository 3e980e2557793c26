"""Try to send within a budget, and make an outcome of whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import stamina

from conductor.errors import ConductorError, RetryLater
from conductor.notify.notice import Outcome
from conductor.notify.webhook import SlowDown


@dataclass(frozen=True)
class Budget:
    """How long to try: at most `attempts`, none begun after `seconds`; waits grow from `first_wait`."""

    attempts: int = 5
    seconds: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 15.0
    jitter: float = 1.0


def attempt(notifier: str, budget: Budget, send: Callable[[], str]) -> Outcome:
    """Call `send` until it gives its sentence, a person is needed, or the budget is spent. Never raises."""
    caller = stamina.RetryingCaller(
        attempts=budget.attempts,
        timeout=budget.seconds,
        wait_initial=budget.first_wait,
        wait_max=budget.longest_wait,
        wait_jitter=budget.jitter,
    ).on(lambda error: _wait(error, budget))
    try:
        return Outcome(notifier, True, caller(send))
    except ConductorError as error:
        return Outcome(notifier, False, error.sentence)
    except Exception as error:  # a message to people must not stop a batch, whatever went wrong with it
        return Outcome(notifier, False, f"{notifier} failed unexpectedly: {type(error).__name__}")


def _wait(error: Exception, budget: Budget) -> bool | float:
    """Say whether to try again; where the receiver named a wait that the budget has, give that wait."""
    if isinstance(error, SlowDown) and error.seconds is not None:
        return error.seconds if error.seconds <= budget.seconds else False
    return isinstance(error, RetryLater)
