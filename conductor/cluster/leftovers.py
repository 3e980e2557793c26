"""What runs leave behind: Jobs and executors that nobody wants any more, pods on lost nodes, attempts that nobody closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from conductor.cluster.actions import Action, CloseAttempt, DeleteJob, DeletePod, NoteIncident
from conductor.cluster.pod_checks import diagnose_pod, overdue
from conductor.cluster.runs import FINAL, Case, Patience, Reading, RunState
from conductor.cluster.verdicts import Category, verdict
from conductor.diagnosis import diagnose, gone_pods

YOUNG = timedelta(seconds=60)
"""What is younger may belong to something that this reading does not show yet."""
PASSING = frozenset({Category.UNSCHEDULABLE, Category.IMAGE_PULL, Category.CONFIGURATION, Category.DELETED})
"""What a pod that waits may still get over; it is on record when its run is given up."""


def leftovers(reading: Reading, patience: Patience) -> Iterator[Action]:
    """Give what is to be cleared away or written down, whatever becomes of the runs."""
    yield from _incidents(reading)
    yield from _attempts(reading)
    yield from _orphans(reading, patience)
    yield from _executors(reading)
    yield from _lost_nodes(reading, patience)


def _orphans(reading: Reading, patience: Patience) -> Iterator[Action]:
    """Jobs that go on although their run is over or deleted."""
    runs = {run.id: run for run in reading.runs}
    for job in reading.jobs:
        if not job.run_id or job.finished or job.deleting:
            continue
        run = runs.get(job.run_id)
        if run is None:
            if reading.at - job.created > YOUNG:
                yield DeleteJob(job.run_id, job.namespace, job.name, "its flow run was deleted")
        elif run.state in FINAL and reading.at - run.since > job.grace + patience.settle:
            yield DeleteJob(run.id, job.namespace, job.name, f"its flow run is {run.state_name}")


def _executors(reading: Reading) -> Iterator[Action]:
    """Executors of Spark whose driver is gone or has ended."""
    drivers = {pod.uid for pod in reading.pods if not pod.executor and not pod.finished}
    for pod in reading.pods:
        alone = not any(owner.uid in drivers for owner in pod.owners)
        if pod.executor and alone and not pod.deleting and reading.at - pod.created > YOUNG:
            yield DeletePod(pod.run_id, pod.namespace, pod.name, "its Spark driver is gone")


def _lost_nodes(reading: Reading, patience: Patience) -> Iterator[Action]:
    for pod in reading.pods:
        if overdue(pod, reading.at) and pod.deleting and reading.at - pod.deleting > patience.node:
            why = f"the node {pod.node} does not answer"
            yield DeletePod(pod.run_id, pod.namespace, pod.name, why, force=True)


def _attempts(reading: Reading) -> Iterator[Action]:
    """Attempts that are open although their pod is gone and nobody holds their slot."""
    runs = {run.id: run for run in reading.runs}
    for attempt in reading.attempts:
        run = runs.get(attempt.run_id)
        if run is None or attempt.slot.id in reading.held or reading.at - attempt.started_at <= YOUNG:
            continue
        case = reading.case(run)
        if case.gone:
            yield CloseAttempt(run.id, attempt.slot.id, attempt.attempt, diagnose(case.evidence))


def _incidents(reading: Reading) -> Iterator[Action]:
    """Keep what happened to pods while Kubernetes still knows it."""
    known = {run_id for run_id, _ in reading.noted}
    for run in reading.runs:
        case = reading.case(run)
        of_pods = tuple(_of_pods(case))
        for found in of_pods:
            if (found.run_id, found.subject) not in reading.noted:
                yield found
        if run.state is RunState.CRASHED and case.gone and not of_pods and run.id not in known:
            yield NoteIncident(run.id, run.id, diagnose(case.evidence))


def _of_pods(case: Case) -> Iterator[NoteIncident]:
    for pod in case.pods:
        cause = diagnose_pod(pod, case.at)
        if cause and cause.category not in PASSING:
            yield NoteIncident(case.run.id, pod.name, cause)
    for name in gone_pods(case.evidence):
        counted = any(job.failed for job in case.jobs)
        what = (
            verdict(Category.DELETED, "the pod was deleted", f"pod {name}")
            if counted
            else verdict(Category.DISRUPTED, "the pod had to leave its node", f"pod {name}")
        )
        yield NoteIncident(case.run.id, name, what)
