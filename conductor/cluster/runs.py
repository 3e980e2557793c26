"""Flow runs as the scheduler has them, beside what Kubernetes and the ledger say of them: one reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from conductor.cluster.objects import Happened, Job, Pod
from conductor.cluster.verdicts import Category
from conductor.diagnosis import Evidence
from conductor.ledger import Attempt, Size


class RunState(StrEnum):
    """The kinds of state that a flow run may have, by the scheduler's names."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    CANCELLED = "CANCELLED"


FINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CRASHED, RunState.CANCELLED})


@dataclass(frozen=True)
class Run:
    """A flow run. `since` is when its state came, `due` when it was to start, `said` the state's message.

    `larger_of` names the run that this one repeats with more memory. `product` is the one that it carries, if that is known.
    """

    id: str
    name: str
    state: RunState
    state_name: str
    since: datetime
    due: datetime | None = None
    said: str = ""
    deployment: str = ""
    product: str = ""
    larger_of: str = ""


@dataclass(frozen=True)
class Reading:
    """All that is known at one instant.

    `held` are slots under a lease, `noted` (run, object) pairs whose trouble is on record, `memory` what the deployments that
    `sizes` speak of start with, in MiB.
    """

    at: datetime
    runs: tuple[Run, ...] = ()
    jobs: tuple[Job, ...] = ()
    pods: tuple[Pod, ...] = ()
    events: tuple[Happened, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    held: frozenset[str] = frozenset()
    sizes: tuple[Size, ...] = ()
    memory: Mapping[str, int] = field(default_factory=dict[str, int])
    noted: frozenset[tuple[str, str]] = frozenset()

    def case(self, run: Run) -> Case:
        """Give what concerns one run."""
        jobs = sorted((job for job in self.jobs if job.run_id == run.id), key=lambda job: job.created)
        pods = tuple(pod for pod in self.pods if pod.run_id == run.id)
        about = {each.name for each in (*jobs, *pods)}
        events = tuple(each for each in self.events if each.about in about)
        return Case(self.at, run, tuple(jobs), pods, events)


@dataclass(frozen=True)
class Case:
    """One run and all that is its own on the cluster; the newest Job last."""

    at: datetime
    run: Run
    jobs: tuple[Job, ...]
    pods: tuple[Pod, ...]
    events: tuple[Happened, ...]

    @property
    def live(self) -> tuple[Job, ...]:
        """Jobs that may still make or keep a pod."""
        return tuple(job for job in self.jobs if not job.finished and not job.deleting)

    @property
    def gone(self) -> bool:
        """Whether nothing of it is there that could still work."""
        return not self.live and all(pod.finished for pod in self.pods)

    @property
    def evidence(self) -> Evidence:
        """What a diagnosis is made from."""
        return Evidence(self.at, self.jobs[-1] if self.jobs else None, self.pods, self.events, self.run.said)


@dataclass(frozen=True)
class Patience:
    """How long what may mend itself is left alone. `stuck` is by category: a cluster may be adding the node that is missing."""

    deadline: timedelta = timedelta(hours=6)
    stuck: Mapping[Category, timedelta] = field(default_factory=dict[Category, timedelta])
    otherwise: timedelta = timedelta(minutes=60)
    settle: timedelta = timedelta(seconds=30)
    """What Prefect's own observers get to see an end first."""
    submission: timedelta = timedelta(minutes=5)
    late: timedelta = timedelta(minutes=15)
    node: timedelta = timedelta(minutes=5)
    recent: timedelta = timedelta(hours=1)

    def with_stuck(self, category: Category) -> timedelta:
        """Give how long a pod may wait for this reason."""
        return self.stuck.get(category, self.otherwise)
