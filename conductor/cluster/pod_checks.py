"""What is wrong with one pod.

Each check looks for one kind of trouble and gives nothing where it sees none; they are asked in order, from the plainest sign to the
vaguest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from conductor.cluster.objects import Container, Ended, Pod, Waiting
from conductor.cluster.verdicts import Category, Diagnosis, verdict

IMAGE = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
)
MISCONFIGURED = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
HEAP_FULL = 52
"""Exit code of an executor of Spark whose Java heap was full."""
LOST = {"DeletionByTaintManager", "DeletionByPodGC"}
OVERDUE_SECONDS = 60
"""So long after its grace a pod that is still there has no kubelet any more that would end it."""


def diagnose_pod(pod: Pod, at: datetime) -> Diagnosis | None:
    """Give what is wrong with one pod, if something is."""
    return (
        _out_of_memory(pod)
        or _node_lost(pod, at)
        or _evicted(pod)
        or _disrupted(pod)
        or _image(pod)
        or _configuration(pod)
        or _crash_loop(pod)
        or _unschedulable(pod)
        or _deleted(pod)
        or _exit_code(pod)
    )


def _out_of_memory(pod: Pod) -> Diagnosis | None:
    """The kernel may kill a child alone: then the container ends with 0 and only its reason tells."""
    for container, ended in _ends(pod):
        if ended.reason == "OOMKilled":
            limit = f"its limit is {pod.memory}" if pod.memory else "it has no limit of its own"
            told = f"container {container.name} of pod {pod.name} was out of memory; {limit}"
            return verdict(Category.OUT_OF_MEMORY, "the pod needed more memory than it may have", told)
        if pod.executor and ended.exit_code == HEAP_FULL:
            told = f"executor {pod.name} ended with code {HEAP_FULL}"
            return verdict(Category.OUT_OF_MEMORY, "the Java heap of a Spark executor was full", told)
    return None


def _node_lost(pod: Pod, at: datetime) -> Diagnosis | None:
    disruption = pod.condition("DisruptionTarget")
    if pod.phase == "Unknown" or pod.reason == "NodeLost" or (disruption and disruption.reason in LOST):
        told = pod.message or (disruption.message if disruption else "")
        return verdict(Category.NODE_LOST, f"the node {pod.node} was lost", told or f"pod {pod.name}")
    if overdue(pod, at):
        told = f"pod {pod.name} should have been gone at {pod.deleting:%H:%M:%S} UTC and nobody ends it"
        return verdict(Category.NODE_LOST, f"the node {pod.node} does not answer", told)
    return None


def overdue(pod: Pod, at: datetime) -> bool:
    """Say whether a pod should long have ended."""
    return bool(pod.deleting and pod.node and (at - pod.deleting).total_seconds() > OVERDUE_SECONDS)


def _evicted(pod: Pod) -> Diagnosis | None:
    target = pod.condition("DisruptionTarget")
    if pod.reason == "Evicted" or (target and target.reason == "TerminationByKubelet"):
        told = pod.message or (target.message if target else "")
        return verdict(
            Category.EVICTED, f"the node {pod.node} was short of something and evicted the pod", told
        )
    return None


def _disrupted(pod: Pod) -> Diagnosis | None:
    target = pod.condition("DisruptionTarget")
    if target is None:
        return None
    told = f"{target.reason}: {target.message}" if target.message else target.reason
    return verdict(Category.DISRUPTED, f"the pod {pod.name} had to leave its node", told)


def _image(pod: Pod) -> Diagnosis | None:
    for container, waiting in _waits(pod):
        if waiting.reason in IMAGE:
            summary = f"the image of container {container.name} cannot be pulled"
            return verdict(Category.IMAGE_PULL, summary, waiting.message or waiting.reason)
    return None


def _configuration(pod: Pod) -> Diagnosis | None:
    for container, waiting in _waits(pod):
        if waiting.reason in MISCONFIGURED:
            summary = f"container {container.name} cannot be set up"
            return verdict(Category.CONFIGURATION, summary, waiting.message or waiting.reason)
    return None


def _crash_loop(pod: Pod) -> Diagnosis | None:
    for container, waiting in _waits(pod):
        if waiting.reason == "CrashLoopBackOff":
            told = f"{container.restarts} restarts; {waiting.message}"
            return verdict(Category.CRASH_LOOP, f"container {container.name} ends again and again", told)
    return None


def _unschedulable(pod: Pod) -> Diagnosis | None:
    for condition in pod.conditions:
        if condition.type == "PodScheduled" and condition.reason == "Unschedulable":
            return verdict(Category.UNSCHEDULABLE, _why_no_node(condition.message), condition.message)
    return None


def _why_no_node(message: str) -> str:
    """Name what stands in the way on most nodes; the scheduler lists all of it."""
    if "Insufficient" in message:
        return "no node has room for the pod"
    if "affinity" in message or "selector" in message:
        return "no node is of the kind that the pod asks for"
    if "taint" in message:
        return "the nodes keep the pod away by a taint that it does not tolerate"
    return "no node takes the pod"


def _deleted(pod: Pod) -> Diagnosis | None:
    if pod.deleting is None:
        return None
    return verdict(Category.DELETED, f"the pod {pod.name} was deleted", f"at {pod.deleting:%H:%M:%S} UTC")


def _exit_code(pod: Pod) -> Diagnosis | None:
    for container, ended in _ends(pod):
        if ended.exit_code:
            told = f"container {container.name} of pod {pod.name}: {ended.reason}"
            return verdict(Category.EXIT_CODE, f"the program ended with code {ended.exit_code}", told)
    return None


def _ends(pod: Pod) -> Iterator[tuple[Container, Ended]]:
    for container in pod.containers:
        for ended in (container.ended, container.ended_before):
            if ended:
                yield container, ended


def _waits(pod: Pod) -> Iterator[tuple[Container, Waiting]]:
    return ((each, each.waiting) for each in pod.containers if each.waiting)
