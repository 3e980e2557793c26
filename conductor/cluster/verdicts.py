"""Verdicts on a run's pod: what kind of trouble it is, what to do, and whether the work may be tried again by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What kind of trouble it is. Each has a page of its own among the runbooks."""

    UNSCHEDULABLE = "unschedulable"
    IMAGE_PULL = "image-pull"
    CONFIGURATION = "configuration"
    CRASH_LOOP = "crash-loop"
    OUT_OF_MEMORY = "out-of-memory"
    EVICTED = "evicted"
    DISRUPTED = "disrupted"
    DELETED = "deleted"
    NODE_LOST = "node-lost"
    DEADLINE = "deadline"
    EXIT_CODE = "exit-code"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Whether the same work may be tried again by itself: not before a person acts, as it was, or with more memory."""

    NO = "no"
    AGAIN = "again"
    LARGER = "larger"


@dataclass(frozen=True)
class Diagnosis:
    """A verdict. `summary` is ours, `detail` what Kubernetes said, `resolution` what to do."""

    category: Category
    summary: str
    detail: str
    resolution: str
    retry: Retry

    @property
    def sentence(self) -> str:
        """Summary and detail in one."""
        return f"{self.summary}: {self.detail}" if self.detail else self.summary

    @property
    def runbook(self) -> str:
        """The page that says more, as a path in the project."""
        return f"docs/runbooks/{self.category}.md"


ADVICE = {
    Category.UNSCHEDULABLE: "Ask for less, add nodes, or correct node selector and tolerations of the pool.",
    Category.IMAGE_PULL: "Push the image, or correct its name and the pull secret; then run again.",
    Category.CONFIGURATION: "Create what is missing, or correct the pool's job template; then run again.",
    Category.CRASH_LOOP: "Read the pod's log; the program ends as soon as it starts.",
    Category.OUT_OF_MEMORY: "Nothing: one retry gets half as much again. If that died too, raise memory_limit.",
    Category.EVICTED: "Nothing: the run is taken up again. If it recurs, request the memory and disk that are used.",
    Category.DISRUPTED: "Nothing: Kubernetes starts a new pod, which goes on where this one was.",
    Category.DELETED: "Ask who deleted it. Run again: what was finished is not done twice.",
    Category.NODE_LOST: "Look at the node. The pod is removed, and a new one goes on where this one was.",
    Category.DEADLINE: "See what it waited for. Raise the deadline if the work has grown, then run again.",
    Category.EXIT_CODE: "Read the pod's log, then run again.",
    Category.UNKNOWN: "Look at Job, pod and events with kubectl describe, then run again.",
}
RETRIES = {
    Category.OUT_OF_MEMORY: Retry.LARGER,
    Category.EVICTED: Retry.AGAIN,
    Category.DISRUPTED: Retry.AGAIN,
    Category.NODE_LOST: Retry.AGAIN,
}


def verdict(category: Category, summary: str, detail: str = "") -> Diagnosis:
    """Give a verdict with what its category says to do."""
    return Diagnosis(category, summary, detail, ADVICE[category], RETRIES.get(category, Retry.NO))
