"""What makes a function a step: a Prefect task that the ledger remembers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State as PrefectState
from prefect.client.schemas.objects import TaskRun

from conductor.errors import LeaseHeld, RetryLater
from conductor.ledger import Event
from conductor.settings import Settings
from conductor.values import State, Value
from flows.steps.turn import Turn

P = ParamSpec("P")
V = TypeVar("V", bound=Value)
R = TypeVar("R")
Step = Callable[Concatenate[Turn, P], V]
Events = Callable[[Turn, Any], tuple[Event, ...]]


def step(
    gives: type[V], *, state: State | None = None, events: Events | None = None
) -> Callable[[Step[P, V]], Step[P, V]]:
    """Make a function of a turn and the values before it a step.

    The ledger is asked first: a step that has finished for this batch gives the value it gave then, and its function does not
    run. `state` is how far the batch is when the step has finished; `events` go into the outbox in the same transaction.
    Only `RetryLater` is tried again.
    """

    def decorate(function: Step[P, V]) -> Step[P, V]:
        verb = function.__name__

        @wraps(function)
        def remembered(turn: Turn, *args: P.args, **kwargs: P.kwargs) -> V:
            return turn.once(verb, lambda: function(turn, *args, **kwargs), args, gives, state, events)

        task = Task(remembered, name=verb, cache_policy=NO_CACHE, persist_result=False, log_prints=False)

        @wraps(function)
        def run(turn: Turn, *args: P.args, **kwargs: P.kwargs) -> V:
            return patient(task, turn.workspace.settings)(turn, *args, **kwargs)

        return run

    return decorate


def patient(task: Task[P, R], settings: Settings) -> Task[P, R]:
    """Give a task that is tried again as the settings say, if the world was not ready."""
    return task.with_options(
        retries=settings.step_retries,
        retry_delay_seconds=[settings.step_retry_seconds * 2**n for n in range(settings.step_retries)],
        retry_jitter_factor=0.3,
        retry_condition_fn=_worth_a_retry,
    )


def _worth_a_retry(task: Task[Any, Any], run: TaskRun, state: PrefectState[Any]) -> bool:
    """Say yes to `RetryLater` alone. A slot held by another run is that run's to finish."""
    del task, run
    error = state.result(raise_on_failure=False)
    return isinstance(error, RetryLater) and not isinstance(error, LeaseHeld)
