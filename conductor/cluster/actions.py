"""What the reconciler does, as values: decided in one place, done in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conductor.cluster.verdicts import Diagnosis


@dataclass(frozen=True)
class EndRun:
    """Give a flow run its final state, with the cause as the message."""

    run_id: str
    state: Literal["CRASHED", "CANCELLED"]
    message: str
    cause: Diagnosis | None = None


@dataclass(frozen=True)
class DeleteJob:
    """Remove a Job and its pods."""

    run_id: str
    namespace: str
    name: str
    why: str


@dataclass(frozen=True)
class DeletePod:
    """Remove a pod; by force where no kubelet answers that would end it."""

    run_id: str
    namespace: str
    name: str
    why: str
    force: bool = False


@dataclass(frozen=True)
class Resubmit:
    """Schedule a flow run again that waits for something that does not come."""

    run_id: str
    why: str


@dataclass(frozen=True)
class SubmitLarger:
    """Repeat a flow run once, with more memory, and let the product's next runs begin with it."""

    run_id: str
    deployment: str
    product: str
    memory_mib: int
    why: str


@dataclass(frozen=True)
class SizeDeployment:
    """Let all later runs of a deployment begin with the memory that an earlier one was found to need."""

    run_id: str
    deployment: str
    memory_mib: int


@dataclass(frozen=True)
class CloseAttempt:
    """Write into the ledger how an attempt ended that could not say it itself."""

    run_id: str
    slot: str
    attempt: int
    cause: Diagnosis


@dataclass(frozen=True)
class NoteIncident:
    """Keep what happened to a run's pod, which Kubernetes soon forgets."""

    run_id: str
    subject: str
    cause: Diagnosis


@dataclass(frozen=True)
class Warn:
    """Tell people of a run that waits for something that only they can give."""

    run_id: str
    sentence: str


Action = (
    EndRun
    | DeleteJob
    | DeletePod
    | Resubmit
    | SubmitLarger
    | SizeDeployment
    | CloseAttempt
    | NoteIncident
    | Warn
)


def key(action: Action) -> tuple[str, ...]:
    """Give what an action is, whatever the sentence: two readings that ask for the same give the same key."""
    match action:
        case EndRun(run_id, state):
            subject = (run_id, state)
        case DeleteJob(_, namespace, name) | DeletePod(_, namespace, name):
            subject = (namespace, name)
        case CloseAttempt(_, slot, attempt):
            subject = (slot, str(attempt))
        case NoteIncident(run_id, subject_name):
            subject = (run_id, subject_name)
        case _:
            subject = (action.run_id,)
    return (type(action).__name__, *subject)


def confirmed(first: tuple[Action, ...], second: tuple[Action, ...]) -> tuple[Action, ...]:
    """Give what both readings ask for, as the second one says it; what is only written down needs no second look."""
    asked = {key(action) for action in first}
    noted = [each for each in first if isinstance(each, NoteIncident) and key(each) not in map(key, second)]
    agreed = [each for each in second if isinstance(each, NoteIncident) or key(each) in asked]
    return (*noted, *agreed)
