"""Why a run's pod did not do its work: facts of Kubernetes in, one verdict in words of ours out.

The newest pod is looked at first, then older ones, then what its Job, its events and the run itself say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conductor.cluster.objects import Happened, Job, Pod
from conductor.cluster.pod_checks import diagnose_pod
from conductor.cluster.verdicts import Category, Diagnosis, verdict


@dataclass(frozen=True)
class Evidence:
    """All that is known of a run on the cluster at one instant; `said` is the last message of the flow run itself."""

    at: datetime
    job: Job | None = None
    pods: tuple[Pod, ...] = ()
    events: tuple[Happened, ...] = ()
    said: str = ""


NO_MEMORY = ("Python worker exited unexpectedly", "java.lang.OutOfMemoryError", "exit code: 137", "OOMKilled")


def diagnose(evidence: Evidence) -> Diagnosis:
    """Give the cause that the evidence shows best; `unknown` where it shows none."""
    newest_first = sorted(evidence.pods, key=lambda pod: pod.created, reverse=True)
    return (
        _deadline(evidence)
        or next(filter(None, (diagnose_pod(pod, evidence.at) for pod in newest_first)), None)
        or _memory_in_words(evidence)
        or _mount(evidence)
        or _refused(evidence)
        or _gone(evidence)
        or _unknown(evidence)
    )


def _deadline(evidence: Evidence) -> Diagnosis | None:
    failed = evidence.job.condition("Failed") if evidence.job else None
    if failed and failed.reason == "DeadlineExceeded":
        return verdict(Category.DEADLINE, "the Job took longer than it may", failed.message)
    return None


def _memory_in_words(evidence: Evidence) -> Diagnosis | None:
    """Spark's driver outlives its executors and says in its own words how they died."""
    sign = next((sign for sign in NO_MEMORY if sign in evidence.said), None)
    if sign:
        return verdict(Category.OUT_OF_MEMORY, "a Spark executor needed more memory than it may have", sign)
    return None


def _mount(evidence: Evidence) -> Diagnosis | None:
    """A pod whose volume names a Secret that is missing only waits; the reason stands in its events."""
    if told := _last(evidence, "Pod", "FailedMount"):
        return verdict(Category.CONFIGURATION, "a volume of the pod cannot be mounted", told)
    return None


def _refused(evidence: Evidence) -> Diagnosis | None:
    """The Job may not make its pod at all."""
    told = "" if evidence.pods else _last(evidence, "Job", "FailedCreate")
    if "exceeded quota" in told:
        return verdict(Category.UNSCHEDULABLE, "the namespace's quota has no room for the pod", told)
    if told:
        return verdict(Category.CONFIGURATION, "the cluster refuses the pod", told)
    return None


def _gone(evidence: Evidence) -> Diagnosis | None:
    """Pods that a Job made and that are there no more were removed: by a disruption, which is not counted, or by somebody."""
    job = evidence.job
    if job is None:
        return verdict(Category.DELETED, "the Job is gone, and its pod with it")
    if not (names := gone_pods(evidence)) or job.condition("Complete"):
        return None
    told = f"pod {', '.join(names)}"
    if job.failed == 0:
        return verdict(Category.DISRUPTED, "the pod had to leave its node", told)
    return verdict(Category.DELETED, "the pod was deleted", told)


def gone_pods(evidence: Evidence) -> tuple[str, ...]:
    """Give the names of pods that the Job made, as its events say, and that are there no more."""
    there = {pod.name for pod in evidence.pods}
    made = (each.message.rpartition(" ")[2] for each in evidence.events if each.reason == "SuccessfulCreate")
    return tuple(sorted(set(made) - there))


def _unknown(evidence: Evidence) -> Diagnosis:
    failed = evidence.job.condition("Failed") if evidence.job else None
    told = f"{failed.reason}: {failed.message}" if failed else evidence.said.partition("\n")[0][:200]
    return verdict(Category.UNKNOWN, "nothing that Kubernetes keeps says why", told)


def _last(evidence: Evidence, kind: str, reason: str) -> str:
    found = [each for each in evidence.events if (each.kind, each.reason) == (kind, reason)]
    return found[-1].message if found else ""
