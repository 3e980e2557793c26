"""Where a batch is refined: in this process, or by a run of its own in the Spark pool, which this one waits for with empty hands."""

from __future__ import annotations

import time

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from conductor.engines.choose import EngineName
from conductor.engines.spark_sizes import spark_sizes
from conductor.errors import LeaseHeld, RetryLater
from conductor.values import Batch, EngineChoice, Refined
from flows.steps import pool
from flows.steps import refine as here
from flows.steps.pool import Child
from flows.steps.step import patient
from flows.steps.taking import pauses
from flows.steps.turn import Turn


def refine(turn: Turn, batch: Batch, engine: EngineName | None = None) -> Refined:
    """Refine the batch where it belongs, and give what the ledger then holds. `engine` is asked for by the run.

    In the pool that is a run which takes over the slot's lease; if it fails, its own error is raised. Repeats: a run that is on
    its way is found and waited for, and a batch that is refined stays as it is.
    """
    settings = turn.workspace.settings
    if settings.spark_runs == "pool" and not turn.workspace.ledger.remembered(batch.id, "refine", Refined):
        choice = here.chosen(turn, batch, engine, missing=None)
        if choice.engine == EngineName.SPARK:
            patient(REFINE_IN_POOL, settings)(turn, batch, engine, choice)
    return here.refine(turn, batch, engine)


def _refine_in_pool(turn: Turn, batch: Batch, engine: EngineName | None, choice: EngineChoice) -> None:
    sizes = spark_sizes(choice.size, turn.workspace.settings)
    child = pool.start(batch, turn.workspace.name, engine, sizes)
    get_run_logger().info("%s: run %r of the Spark pool, %s", choice.reason, child.name, sizes.reason)
    with turn.handed_over(batch):
        _wait(turn, batch, child)


REFINE_IN_POOL = Task(
    _refine_in_pool, name="refine in pool", cache_policy=NO_CACHE, persist_result=False, log_prints=False
)


def _wait(turn: Turn, batch: Batch, child: Child) -> None:
    """Return when the ledger has the batch refined; raise what stopped the run if it is over before.

    A renewed lease or another state of the run is a sign of life. Without one for `spark_wait_seconds` a run that never had the
    slot is left to start when it can (`LeaseHeld`), and one that had it is given up.
    """
    ledger, patience = turn.workspace.ledger, turn.workspace.settings.spark_wait_seconds
    sign, since = None, time.monotonic()
    for pause in pauses():
        if ledger.remembered(batch.id, "refine", Refined):
            return
        if child.over:
            raise _cause(turn, batch, child)
        if sign != (sign := (child.state, ledger.lease(turn.slot.id))):
            since = time.monotonic()
        elif time.monotonic() - since > patience:
            raise _silent(turn, batch, child)
        time.sleep(pause)
        child = _looked(child)


def _looked(child: Child) -> Child:
    """Look at the run; while Prefect does not answer it counts as what it was, for the ledger decides."""
    try:
        return pool.look(child)
    except RetryLater:
        return child


def _cause(turn: Turn, batch: Batch, child: Child) -> Exception:
    """Give the error that the run left in the ledger; one that was killed left none, and another run may do better."""
    last = next(reversed(turn.workspace.ledger.attempts_of(child.id)), None)
    if last and last.error:
        error = last.error.error()
        error.batch, error.step = batch.id, error.step or "refine"
        return error
    said = child.said or "it left no word"
    return RetryLater(
        f"the run in the Spark pool that refines {batch.slot.id} ended as {child.state}: {said}",
        next_command=f"conductor explain {batch.id}",
        batch=batch.id,
        step="refine",
    )


def _silent(turn: Turn, batch: Batch, child: Child) -> Exception:
    patience = turn.workspace.settings.spark_wait_seconds
    if turn.workspace.ledger.attempts_of(child.id):
        pool.give_up(child, f"its lease of {batch.slot.id} ran out {patience} seconds ago")
        return _cause(turn, batch, child)
    return LeaseHeld(
        f"the run in the Spark pool that is to refine {batch.slot.id} is {child.state} for {patience} seconds",
        next_command=f"conductor explain {batch.id}",
        batch=batch.id,
        step="refine",
    )
