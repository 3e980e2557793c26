"""What is to be done about each run: its Job against its state against the ledger, decided from one reading.

Nothing here acts; whoever acts reads twice first, see `actions.confirmed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from conductor.cluster.actions import Action, DeleteJob, EndRun, Resubmit, SizeDeployment, SubmitLarger, Warn
from conductor.cluster.leftovers import leftovers
from conductor.cluster.memory import larger, mib
from conductor.cluster.runs import Case, Patience, Reading, RunState
from conductor.cluster.verdicts import Category, Diagnosis, Retry, verdict
from conductor.diagnosis import diagnose


def decide(reading: Reading, patience: Patience) -> tuple[Action, ...]:
    """Give all that is to be done, run by run, then what is left over; nothing where all is well."""
    known = {size.run_id for size in reading.sizes}
    # A run that was killed goes on holding its slot until the lease runs out: who comes before that is turned away.
    holding = {attempt.run_id for attempt in reading.attempts if attempt.slot.id in reading.held}
    of_runs = [
        action
        for run in reading.runs
        for action in _of_run(reading.case(run), patience)
        if not (isinstance(action, SubmitLarger) and action.run_id in known | holding)
    ]
    return (*of_runs, *_sizes(reading), *leftovers(reading, patience))


def _of_run(case: Case, patience: Patience) -> Iterator[Action]:
    match case.run.state:
        case RunState.CANCELLING:
            yield from _cancelled_but_there(case, patience)
        case RunState.PENDING | RunState.RUNNING:
            yield from _overdue(case, patience) or _ended(case, patience) or _stuck(case, patience)
        case RunState.SCHEDULED:
            yield from _waiting(case, patience)
        case RunState.CRASHED | RunState.FAILED:
            yield from _larger(case, patience)
        case _:
            pass


def _cancelled_but_there(case: Case, patience: Patience) -> Iterator[Action]:
    """A pod that never started has nobody who could hear of the cancelling; one that did gets its grace to end by itself."""
    started = any(container.started for pod in case.pods for container in pod.containers)
    grace = max((job.grace for job in case.live), default=timedelta())
    if started and case.at - case.run.since <= grace + patience.settle:
        return
    how = "and did not end in its grace" if started else "before its pod had started"
    yield EndRun(case.run.id, "CANCELLED", f"cancelled, {how}")
    yield from _delete(case, f"its run was cancelled, {how}")


def _overdue(case: Case, patience: Patience) -> tuple[Action, ...]:
    late = [job for job in case.live if case.at > job.deadline(patience.deadline)]
    if not late:
        return ()
    allowed = late[0].deadline(patience.deadline) - late[0].created
    cause = verdict(
        Category.DEADLINE, "the run took longer than it may", f"{allowed} since {_clock(late[0].created)}"
    )
    return _give_up(case, "CRASHED", cause)


def _ended(case: Case, patience: Patience) -> tuple[Action, ...]:
    """The pod is gone or has ended, and the run does not know."""
    if not case.gone:
        return ()
    if not case.jobs:
        return _without_job(case, patience)
    ends = [
        each.since for job in case.jobs for kind in ("Complete", "Failed") if (each := job.condition(kind))
    ]
    last = max([case.run.since, *filter(None, ends)])
    if case.at - last <= patience.settle:
        return ()
    return (EndRun(case.run.id, "CRASHED", *_told(diagnose(case.evidence))),)


def _without_job(case: Case, patience: Patience) -> tuple[Action, ...]:
    waited = case.at - case.run.since
    if case.run.state is RunState.PENDING:
        told = f"pending since {_clock(case.run.since)}, and no Job was made for it"
        return (Resubmit(case.run.id, told),) if waited > patience.submission else ()
    if waited <= patience.settle:
        return ()
    return (EndRun(case.run.id, "CRASHED", *_told(diagnose(case.evidence))),)


def _stuck(case: Case, patience: Patience) -> tuple[Action, ...]:
    """Its newest pod has not started, or its Job may make none, for longer than the cause deserves."""
    newest = max(case.pods, key=lambda pod: pod.created, default=None)
    if not case.live or (newest and (newest.finished or any(each.started for each in newest.containers))):
        return ()
    cause = diagnose(case.evidence)
    if newest is None and cause.category not in (Category.CONFIGURATION, Category.UNSCHEDULABLE):
        return ()  # between two pods
    waited = case.at - (newest or case.live[-1]).created
    if waited <= patience.with_stuck(cause.category):
        return ()
    return _give_up(case, "CANCELLED", cause)


def _waiting(case: Case, patience: Patience) -> Iterator[Action]:
    """A retry that was promised to a pod that is gone comes from nobody; a late run may come as soon as there is a worker."""
    if case.run.due is None or not case.gone:
        return
    late = case.at - case.run.due
    if case.run.state_name == "AwaitingRetry" and late > patience.submission:
        yield Resubmit(
            case.run.id, f"its retry was due at {_clock(case.run.due)}, and no pod is there for it"
        )
    elif case.run.state_name == "Late" and late > patience.late:
        yield Warn(
            case.run.id,
            f"{case.run.name} was due at {_clock(case.run.due)}: no worker takes it, or its pool or deployment is at its limit",
        )


def _larger(case: Case, patience: Patience) -> Iterator[Action]:
    """Out of memory is tried once more, larger; a run that is such a try already is for a person."""
    run, recent = case.run, case.at - case.run.since <= patience.recent
    if run.larger_of or not run.deployment or not recent or not case.jobs:
        return
    cause = diagnose(case.evidence)
    now = max((found for pod in case.pods if (found := mib(pod.memory))), default=None)
    if cause.retry is Retry.LARGER and now:
        yield SubmitLarger(run.id, run.deployment, run.product, larger(now), cause.sentence)


def _sizes(reading: Reading) -> Iterator[Action]:
    """What was learned outlives a `prefect deploy`, which sets a deployment back to what its file says."""
    for size in reading.sizes:
        most = max(each.memory_mib for each in reading.sizes if each.deployment == size.deployment)
        if size.memory_mib == most and 0 < reading.memory.get(size.deployment, 0) < most:
            yield SizeDeployment(size.run_id, size.deployment, most)


def _give_up(case: Case, state: Literal["CRASHED", "CANCELLED"], cause: Diagnosis) -> tuple[Action, ...]:
    """End the run first, so that the end of its Job cannot give it another state."""
    return (EndRun(case.run.id, state, *_told(cause)), *_delete(case, cause.sentence))


def _told(cause: Diagnosis) -> tuple[str, Diagnosis]:
    return f"{cause.sentence}. {cause.resolution} See {cause.runbook}", cause


def _delete(case: Case, why: str) -> Iterator[Action]:
    return (DeleteJob(case.run.id, job.namespace, job.name, why) for job in case.live)


def _clock(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
