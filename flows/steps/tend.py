"""Tend the runs on a cluster: look twice, then do what both looks ask for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client

from conductor.cluster.actions import (
    Action,
    CloseAttempt,
    DeleteJob,
    DeletePod,
    EndRun,
    NoteIncident,
    Resubmit,
    SizeDeployment,
    SubmitLarger,
    Warn,
    confirmed,
)
from conductor.cluster.api import Api, Namespace
from conductor.cluster.lifecycle import decide
from conductor.cluster.runs import Patience, Reading, Run
from conductor.cluster.verdicts import Category, Diagnosis
from conductor.errors import ConductorError
from conductor.ledger import ErrorRecord, Incident, Size
from conductor.settings import Settings
from conductor.values import Slot
from conductor.workspace import Workspace
from flows.steps.kubernetes import connected
from flows.steps.leased import leased
from flows.steps.prefect_runs import Runs

LOST = "lost"
LEASE = timedelta(seconds=90)


def tend(workspace: Workspace, namespace: str, sleep: Callable[[float], None] = time.sleep) -> list[str]:
    """Bring Jobs, flow runs and ledger in line, and give a sentence for each thing that was done.

    Nothing on the cluster is touched on one reading alone. `LeaseHeld` while another one tends. Repeats: nothing is left to do.
    """
    patience, cluster = patience_of(workspace.settings), Namespace(Api(connected), namespace)
    with leased(workspace, "lifecycle", LEASE), get_client(sync_client=True) as client:
        first = decide(read(workspace, cluster, client), patience)
        if not first:
            return []
        sleep(workspace.settings.confirm_seconds)
        second = decide(read(workspace, cluster, client), patience)
        return list(_done(workspace, cluster, Runs(client, namespace), confirmed(first, second)))


def patience_of(settings: Settings) -> Patience:
    """Give how long things are left alone, as the settings say."""
    return Patience(
        deadline=timedelta(seconds=settings.run_deadline_seconds),
        stuck={
            Category.UNSCHEDULABLE: timedelta(seconds=settings.unschedulable_seconds),
            Category.IMAGE_PULL: timedelta(seconds=settings.image_pull_seconds),
            Category.CRASH_LOOP: timedelta(seconds=settings.image_pull_seconds),
            Category.CONFIGURATION: timedelta(seconds=settings.configuration_seconds),
        },
    )


def read(workspace: Workspace, cluster: Namespace, client: SyncPrefectClient) -> Reading:
    """Give all that is known now. Kubernetes is asked first: a run that ends meanwhile is seen as ended."""
    ledger, at = workspace.ledger, workspace.now()
    listed, attempts, sizes = cluster.listed(), ledger.open_attempts(), ledger.sizes()
    runs = Runs(client, cluster.name)
    found = runs.read(
        {job.run_id for job in listed.jobs}, {attempt.run_id for attempt in attempts}, at - Patience.recent
    )
    known = tuple(_with_product(workspace, run) for run in found)
    return Reading(
        at=at,
        runs=known,
        jobs=listed.jobs,
        pods=listed.pods,
        events=listed.events,
        attempts=attempts,
        held=frozenset(each.name for each in ledger.leases() if each.expires_at > at),
        sizes=sizes,
        memory=runs.memory(sorted({size.deployment for size in sizes})),
        noted=frozenset((each.run_id, each.subject) for each in ledger.incidents([run.id for run in known])),
    )


def _with_product(workspace: Workspace, run: Run) -> Run:
    """Say which product a run carries: the one that it was asked for, or the one whose slot it took up."""
    if run.product or not run.deployment:
        return run
    attempts = workspace.ledger.attempts_of(run.id)
    return replace(run, product=attempts[0].slot.dataset) if attempts else run


def _done(workspace: Workspace, cluster: Namespace, runs: Runs, actions: tuple[Action, ...]) -> Iterator[str]:
    """Do one thing after the other; what fails is said and left to the next time."""
    for action in actions:
        try:
            if told := _do(workspace, cluster, runs, action):
                yield told
        except ConductorError as error:
            yield f"{type(action).__name__} of run {action.run_id} failed: {error.sentence}"


def _do(workspace: Workspace, cluster: Namespace, runs: Runs, action: Action) -> str | None:
    match action:
        case EndRun(run_id, state, message, cause):
            if cause:
                _note(workspace, run_id, run_id, cause)
            return f"run {run_id} is {state}: {message}" if runs.end(run_id, state, message) else None
        case DeleteJob(run_id, _, name, why):
            cluster.delete_job(name)
            return f"Job {name} of run {run_id} is removed: {why}"
        case DeletePod(_, _, name, why, force):
            cluster.delete_pod(name, force=force)
            return f"pod {name} is removed: {why}"
        case Resubmit(run_id, why):
            runs.resubmit(run_id)
            return f"run {run_id} is scheduled again: {why}"
        case SubmitLarger():
            return _submit_larger(workspace, runs, action)
        case SizeDeployment(_, deployment, memory_mib):
            runs.resize(deployment, memory_mib)
            return f"{deployment} starts with {memory_mib} MiB"
        case CloseAttempt(run_id, slot, attempt, cause):
            said = ErrorRecord("Lost", cause.sentence, f"conductor explain {run_id}")
            workspace.ledger.end(Slot.parse(slot), attempt, LOST, None, said)
            return f"attempt {attempt} at {slot} is closed: {cause.sentence}"
        case NoteIncident(run_id, subject, cause):
            _note(workspace, run_id, subject, cause)
            return f"run {run_id}: {cause.sentence}"
        case Warn(_, sentence):
            return sentence


def _submit_larger(workspace: Workspace, runs: Runs, action: SubmitLarger) -> str:
    again = runs.repeat_larger(action.run_id, action.memory_mib)
    size = Size(action.deployment, action.product, action.memory_mib, action.run_id, workspace.now())
    workspace.ledger.remember_size(size)
    return f"run {action.run_id} is repeated as {again} with {action.memory_mib} MiB: {action.why}"


def _note(workspace: Workspace, run_id: str, subject: str, cause: Diagnosis) -> None:
    told = (cause.category.value, cause.sentence, cause.resolution, cause.runbook)
    workspace.ledger.note_incident(Incident(run_id, subject, *told, workspace.now()))
