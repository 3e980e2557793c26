"""A namespace of one's own on the cluster, and kubectl in it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from conductor.cluster.objects import RUN_LABEL, Happened, Job, Pod

needs_cluster = pytest.mark.skipif(
    not os.environ.get("KUBECONFIG"), reason="no cluster: set KUBECONFIG to the file of one"
)
PATIENCE = 240
IMAGE = os.environ.get("CLUSTER_PYTHON_IMAGE", "python:3.13-slim-trixie")
"""Any image with Python, which the node has or can pull."""


@dataclass(frozen=True)
class Kube:
    """kubectl in a namespace."""

    namespace: str

    def do(self, *words: str, given: object = None, check: bool = True) -> str:
        """Run kubectl; `given` goes in as JSON. Without `check` it may fail."""
        done = subprocess.run(
            ["kubectl", "-n", self.namespace, *words],
            input=json.dumps(given) if given is not None else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0 or not check, (words, done.stderr)
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create objects."""
        for each in objects:
            self.do("apply", "-f", "-", given=each)

    def items(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """Give all objects of a kind, as the API has them."""
        chosen = ["-l", selector] if selector else []
        return json.loads(self.do("get", kind, "-o", "json", *chosen))["items"]

    def jobs(self, run_id: str) -> list[Job]:
        """Give the Jobs of a run."""
        return [Job.model_validate(each) for each in self.items("jobs", f"{RUN_LABEL}={run_id}")]

    def pods(self, run_id: str) -> list[Pod]:
        """Give the pods of a run."""
        return [Pod.model_validate(each) for each in self.items("pods", f"{RUN_LABEL}={run_id}")]

    def events(self) -> list[Happened]:
        """Give all events of the namespace."""
        return [Happened.model_validate(each) for each in self.items("events")]

    def evict(self, pod: str) -> None:
        """Evict a pod by the API that draining a node calls."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.namespace},
        }
        self.do(
            "create",
            "--raw",
            f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction",
            "-f",
            "-",
            given=body,
        )

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self.do('get', 'jobs,pods,events')}"
            time.sleep(0.5)


@contextmanager
def namespace(prefix: str, **labels: str) -> Generator[Kube]:
    """Have a namespace for the body; all that is in it goes with it."""
    name = f"{prefix}-{uuid4().hex[:8]}"
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    kube = Kube(name)
    kube.do("create", "-f", "-", given=made)
    try:
        yield kube
    finally:
        kube.do("delete", "namespace", name, "--wait=false")


def job(
    run_id: str,
    program: str,
    *,
    backoff: int = 0,
    grace: int = 5,
    spec: dict[str, Any] | None = None,
    **container: Any,
) -> dict[str, Any]:
    """Give a Job of a run that runs a Python program; `spec` adds to its pod's, `container` to its container."""
    limits = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
    main = {"name": "prefect-job", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "resources": limits}
    main |= {"command": ["python3", "-c", program]} | container
    labels = {RUN_LABEL: run_id}
    ignore = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": grace,
        "containers": [main],
        **(spec or {}),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"run-{run_id[:8]}", "labels": labels},
        "spec": {
            "backoffLimit": backoff,
            "podFailurePolicy": {"rules": [ignore]} if pod["restartPolicy"] == "Never" else None,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
