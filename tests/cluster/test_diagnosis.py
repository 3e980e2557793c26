"""What a real cluster says of pods in trouble, and what we make of it. With RECORD=FOLDER what it said is kept as a case."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from unit.pods.recorded import read

from conductor.cluster.objects import RUN_LABEL
from conductor.cluster.verdicts import Category

from .kube import Kube, job, namespace, needs_cluster

pytestmark = needs_cluster
SLEEP = "import time; time.sleep(600)"
EAT = "b = b'x' * (256 << 20)"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {EAT!r}])"


@dataclass(frozen=True)
class Trouble:
    """A Job that comes into trouble, by itself or by what is done to it, and what we have to call it."""

    name: str
    category: Category
    program: str = SLEEP
    how: dict[str, Any] = field(default_factory=dict)
    deed: Callable[[Kube, str], None] | None = None


def evict(kube: Kube, pod: str) -> None:
    kube.evict(pod)


def delete(kube: Kube, pod: str) -> None:
    kube.do("delete", "pod", pod, "--wait=false")


def pod_of(**spec: Any) -> dict[str, Any]:
    return {"spec": spec}


SECRET = {"envFrom": [{"secretRef": {"name": "not-there"}}]}
VOLUME = {"volumes": [{"name": "s", "secret": {"secretName": "not-there"}}]}
MOUNT = {"volumeMounts": [{"name": "s", "mountPath": "/s"}]}
HUGE = {"resources": {"requests": {"cpu": "20m", "memory": "9000Gi"}, "limits": {"memory": "9000Gi"}}}
TROUBLES = [
    Trouble("out_of_memory", Category.OUT_OF_MEMORY, EAT),
    Trouble("out_of_memory_in_a_child", Category.OUT_OF_MEMORY, CHILD),
    Trouble("image_missing", Category.IMAGE_PULL, how={"image": "nowhere/not-there:1"}),
    Trouble("no_room", Category.UNSCHEDULABLE, how=HUGE),
    Trouble("no_such_node", Category.UNSCHEDULABLE, how=pod_of(nodeSelector={"kind": "none"})),
    Trouble("secret_missing", Category.CONFIGURATION, how=SECRET),
    Trouble("secret_volume_missing", Category.CONFIGURATION, how={"spec": VOLUME, **MOUNT}),
    Trouble("exit_code", Category.EXIT_CODE, "raise SystemExit(3)"),
    Trouble(
        "crash_loop",
        Category.CRASH_LOOP,
        "raise SystemExit(1)",
        {"backoff": 6, **pod_of(restartPolicy="OnFailure")},
    ),
    Trouble("evicted_by_the_api", Category.DISRUPTED, how={"backoff": 3}, deed=evict),
    Trouble("pod_deleted", Category.DELETED, how={"backoff": 3}, deed=delete),
    Trouble("forbidden", Category.CONFIGURATION, how={"securityContext": {"privileged": True}}),
]


@pytest.fixture(scope="module")
def kube() -> Iterator[Kube]:
    with namespace("life", **{"pod-security.kubernetes.io/enforce": "baseline"}) as found:
        yield found


def said(kube: Kube, run_id: str) -> dict[str, Any]:
    """Give what the API says of a run."""
    selector = f"{RUN_LABEL}={run_id}"
    name = f"run-{run_id[:8]}"
    events = [each for each in kube.items("events") if each["involvedObject"]["name"].startswith(name)]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "job": next(iter(kube.items("jobs", selector)), None),
        "pods": kube.items("pods", selector),
        "events": events,
    }


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda each: each.name)
def test_trouble_is_called_by_its_name(kube: Kube, trouble: Trouble) -> None:
    run_id = str(uuid4())
    kube.apply(job(run_id, trouble.program, **trouble.how))
    if trouble.deed:
        kube.until(lambda: any(pod.phase == "Running" for pod in kube.pods(run_id)), "its pod runs")
        trouble.deed(kube, kube.pods(run_id)[0].name)
    last: dict[str, Any] = {}

    def named() -> bool:
        last.update(said(kube, run_id))
        return read(last).category is trouble.category

    kube.until(named, f"{trouble.name} is called {trouble.category}")
    keep(trouble, last)
    kube.do("delete", "job", f"run-{run_id[:8]}", "--wait=false")


def keep(trouble: Trouble, last: dict[str, Any]) -> None:
    """Keep what the API said as a case, without what is this cluster's own or only Kubernetes' book-keeping."""
    if folder := os.environ.get("RECORD"):
        text = json.dumps({"category": trouble.category, **last}, default=str)
        case = _without(
            json.loads(text), {"managedFields", "resourceVersion", "generation", "hostIP", "hostIPs"}
        )
        case = json.loads(json.dumps(case).replace("docker.io/library/", "").replace("docker.io/", ""))
        for node in {pod["spec"].get("nodeName", "") for pod in last["pods"]} - {""}:
            case = json.loads(json.dumps(case).replace(node, "node-1"))
        Path(folder, f"{trouble.name}.json").write_text(
            json.dumps(case, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(each, names) for key, each in value.items() if key not in names}
    return [_without(each, names) for each in value] if isinstance(value, list) else value
