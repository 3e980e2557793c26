"""A namespace for Spark on the cluster that KUBECONFIG names, and pods that run a driver in it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .kube import Kube, namespace

IMAGE = os.environ.get("CLUSTER_SPARK_IMAGE", "cloud-conductor-spark:0.1.0")
PATIENCE = 900  # seconds; a session alone took up to 138 on a machine that was busy
PODS = ["create", "get", "list", "watch", "delete", "deletecollection"]
EXECUTORS = "spark-role=executor"


def executors(kube: Kube) -> list[str]:
    """Give the names of the executors that run."""
    found = kube.items("pods", EXECUTORS)
    return [each["metadata"]["name"] for each in found if each["status"]["phase"] == "Running"]


@dataclass(frozen=True)
class Ground:
    """A namespace that enforces Pod Security `restricted`, with the accounts of ADR 10."""

    kube: Kube

    def drive(self, name: str, job: dict[str, Any]) -> None:
        """Start a driver's pod for a job."""
        script = Path(__file__).with_name("spark_driver.py").read_text(encoding="utf-8")
        data = {"driver.py": script, "job.json": json.dumps(job)}
        config = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": data}
        self.kube.apply(config, _driver(name))

    def wait(self, name: str) -> str:
        """Wait until a driver's pod has ended; give its log, and fail with it if it did not end well."""
        deadline = time.monotonic() + PATIENCE
        while (phase := self.phase(name)) not in ("Succeeded", "Failed"):
            assert time.monotonic() < deadline, f"{name} is {phase}: {self.log(name)[-3000:]}"
            time.sleep(1)
        assert phase == "Succeeded", self.log(name)[-6000:]
        return self.log(name)

    def phase(self, name: str) -> str:
        """Give a pod's phase."""
        return json.loads(self.kube.do("get", "pod", name, "-o", "json"))["status"]["phase"]

    def log(self, name: str) -> str:
        """Give a pod's log; one that has not begun has none."""
        return self.kube.do("logs", name, check=False)


@contextmanager
def ground(keys: dict[str, str]) -> Iterator[Ground]:
    """Make the namespace for the body; `keys` are the environment of the driver, as a Secret."""
    with namespace("spark", **{"pod-security.kubernetes.io/enforce": "restricted"}) as kube:
        for each in ("spark-driver", "spark-executor"):
            kube.apply({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": each}})
        kube.apply({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "keys"}, "stringData": keys})
        kube.apply(*_role(kube.namespace))
        yield Ground(kube)


def _role(namespace: str) -> Iterator[dict[str, Any]]:
    api = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": PODS}]
    yield {"kind": "Role", "apiVersion": f"{api}/v1", "metadata": {"name": "spark-driver"}, "rules": rules}
    yield {
        "kind": "RoleBinding",
        "apiVersion": f"{api}/v1",
        "metadata": {"name": "spark-driver"},
        "roleRef": {"apiGroup": api, "kind": "Role", "name": "spark-driver"},
        "subjects": [{"kind": "ServiceAccount", "name": "spark-driver", "namespace": namespace}],
    }


def _driver(name: str) -> dict[str, Any]:
    own = {
        "SPARK_NAMESPACE": "metadata.namespace",
        "SPARK_POD_NAME": "metadata.name",
        "SPARK_POD_IP": "status.podIP",
    }
    env = [
        {"name": f"CONDUCTOR_{key}", "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for key, path in own.items()
    ]
    env += [
        {"name": "CONDUCTOR_SPARK_MASTER", "value": "k8s://https://kubernetes.default.svc"},
        {"name": "CONDUCTOR_SPARK_IMAGE", "value": IMAGE},
        {"name": "CONDUCTOR_SPARK_EXECUTOR_CPU", "value": "0.3"},
    ]
    container = {
        "name": "driver",
        "image": IMAGE,
        "args": ["python", "/job/driver.py", "/job/job.json"],
        "env": env,
        "envFrom": [{"secretRef": {"name": "keys"}}],
        "resources": {"requests": {"cpu": "300m", "memory": "1792Mi"}, "limits": {"memory": "1792Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "job", "mountPath": "/job"},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - the pod's own
        ],
    }
    user = {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001}
    spec = {
        "restartPolicy": "Never",
        "serviceAccountName": "spark-driver",
        "enableServiceLinks": False,
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "job", "configMap": {"name": name}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name}, "spec": spec}
