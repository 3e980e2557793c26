"""The cluster that KUBECONFIG points at, through `kubectl`; namespaces of one's own on it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from servers.chart import Manifest, program

RESTRICTED = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
}
PYTHON = "python:3.13-slim-trixie"


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers."""

    kubectl: str

    def run(
        self, *words: str, given: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl to its end."""
        done = subprocess.run(
            [self.kubectl, *words], input=given, capture_output=True, text=True, check=False, timeout=300
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def read(self, *words: str, given: str | None = None) -> Any:
        """Give what kubectl says as JSON."""
        return json.loads(self.run(*words, "-o", "json", given=given).stdout)

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Make objects, or bring them up to date."""
        self.run(
            "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        )

    @contextmanager
    def namespaces(self, *kinds: str) -> Generator[Sequence[str]]:
        """Have new namespaces that enforce Pod Security `restricted`; all that is in them goes with them."""
        run = uuid4().hex[:6]
        names = [f"{kind}-{run}" for kind in kinds]
        self.apply(
            [
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
                for name in names
            ]
        )
        try:
            yield names
        finally:
            self.run("delete", "namespace", "--ignore-not-found", "--wait=false", *names)

    def until(self, what: str, holds: Callable[[], object], seconds: float = 120) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not in time: {what}"
            time.sleep(0.5)

    @contextmanager
    def forwarded(self, namespace: str, target: str, port: int) -> Generator[str]:
        """Give a loopback address that leads to a port of a pod or Service."""
        command = [
            self.kubectl,
            "-n",
            namespace,
            "port-forward",
            target,
            f":{port}",
            "--address",
            "127.0.0.1",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            assert "Forwarding from" in told, told
            yield f"http://{told.split()[2]}"
        finally:
            process.terminate()
            process.wait()


def cluster() -> Cluster:
    """Give the cluster; the test is skipped with the reason where there is none."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG is not set: there is no cluster")
    found = Cluster(program("kubectl"))
    answer = found.run("get", "--raw", "/readyz", check=False)
    if answer.returncode != 0:
        pytest.skip(f"the cluster of KUBECONFIG does not answer: {answer.stderr.strip()}")
    return found


def images(found: Cluster) -> Iterator[str]:
    """Give the names of the images that nodes hold, without the registry that is meant by saying none."""
    for node in found.read("get", "nodes")["items"]:
        for image in node["status"].get("images", []):
            yield from (
                name.removeprefix("docker.io/library/").removeprefix("localhost/")
                for name in image["names"] or ()
            )


def need_image(found: Cluster, *wanted: str) -> None:
    """Skip the test with the reason where an image is not on the node."""
    there = set(images(found))
    if missing := [name for name in wanted if name not in there]:
        pytest.skip(f"no node of the cluster holds {', '.join(missing)}")


def python_pod(
    name: str, namespace: str, labels: Mapping[str, str], program: str, *arguments: str
) -> Manifest:
    """Give a small pod that runs a Python program and passes Pod Security `restricted`."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "main",
                    "image": PYTHON,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-c", program, *arguments],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "resources": {
                        "requests": {"cpu": "5m", "memory": "24Mi"},
                        "limits": {"memory": "64Mi"},
                    },
                }
            ],
        },
    }
