"""Runs, Jobs and pods as a test needs them, in the form in which the API gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from conductor.cluster.objects import RUN_LABEL, Happened, Job, Pod
from conductor.cluster.runs import Run, RunState

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
RUN = "11111111-1111-1111-1111-111111111111"
RUNNING = {
    "name": "prefect-job",
    "restartCount": 0,
    "state": {"running": {"startedAt": "2026-11-20T02:00:00Z"}},
}
OOM = {
    "name": "prefect-job",
    "restartCount": 0,
    "state": {"terminated": {"reason": "OOMKilled", "exitCode": 0}},
}
PULL = {
    "name": "prefect-job",
    "restartCount": 0,
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
}


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def run(state: str, since: datetime | None = None, **more: Any) -> Run:
    fields = {"id": RUN, "name": "nightly", "state_name": state.capitalize(), "deployment": "nightly/night"}
    return Run(**{**fields, "state": RunState(state), "since": since or ago(minutes=30), **more})


def job(
    created: datetime | None = None,
    *,
    ended: str = "",
    reason: str = "",
    at: datetime | None = None,
    failed: int = 0,
    annotations: dict[str, str] | None = None,
    run_id: str = RUN,
) -> Job:
    """A Job that goes on or, with `ended` Complete or Failed, one that has ended `at`."""
    conditions = (
        [{"type": ended, "status": "True", "reason": reason, "lastTransitionTime": stamp(at or NOW)}]
        if ended
        else []
    )
    return Job.model_validate(
        {
            "metadata": {
                "name": "nightly-abc",
                "namespace": "flows",
                "creationTimestamp": stamp(created or ago(minutes=30)),
                "labels": {RUN_LABEL: run_id},
                "annotations": annotations or {},
            },
            "spec": {"template": {"spec": {"terminationGracePeriodSeconds": 60}}},
            "status": {"failed": failed, "conditions": conditions},
        }
    )


def pod(
    phase: str = "Running",
    *,
    containers: list[dict[str, Any]] | None = None,
    conditions: list[dict[str, str]] | None = None,
    name: str = "nightly-abc-x1",
    uid: str = "pod-1",
    created: datetime | None = None,
    deleting: datetime | None = None,
    labels: dict[str, str] | None = None,
    owner: str = "",
    memory: str = "1Gi",
) -> Pod:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "flows",
        "uid": uid,
        "creationTimestamp": stamp(created or ago(minutes=30)),
        "labels": {RUN_LABEL: RUN} if labels is None else labels,
    }
    if deleting:
        metadata["deletionTimestamp"] = stamp(deleting)
    if owner:
        metadata["ownerReferences"] = [{"kind": "Pod", "name": "driver", "uid": owner}]
    spec = {"nodeName": "node-1", "containers": [{"resources": {"limits": {"memory": memory}}}]}
    status = {"phase": phase, "containerStatuses": containers or [], "conditions": conditions or []}
    return Pod.model_validate({"metadata": metadata, "spec": spec, "status": status})


def made(name: str) -> Happened:
    """The event of a Job that made a pod."""
    about = {"kind": "Job", "name": "nightly-abc"}
    return Happened.model_validate(
        {"reason": "SuccessfulCreate", "message": f"Created pod: {name}", "involvedObject": about}
    )


def unschedulable() -> list[dict[str, str]]:
    message = "0/3 nodes are available: 3 Insufficient memory."
    return [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]
