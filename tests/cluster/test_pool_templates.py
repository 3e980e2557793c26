"""A Kubernetes API server takes the Jobs of the work pools, where Pod Security asks for the most."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pools import POOLS, rendered

needs_cluster = pytest.mark.skipif(
    "KUBECONFIG" not in os.environ, reason="KUBECONFIG names no cluster; see CONTRIBUTING.md"
)
needs_schemas = pytest.mark.skipif(
    "KUBECONFORM_SCHEMAS" not in os.environ or not shutil.which("kubeconform"),
    reason="kubeconform is not there, or KUBECONFORM_SCHEMAS does not say where its schemas lie",
)


def kubectl(*arguments: str, document: object = None) -> str:
    done = subprocess.run(
        ["kubectl", *arguments],
        input=json.dumps(document) if document else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace in which Pod Security enforces `restricted`."""
    name = f"pools-{uuid4().hex[:8]}"
    labels = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    kubectl(
        "apply",
        "-f",
        "-",
        document={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
    )
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@needs_cluster
@pytest.mark.parametrize("pool", POOLS)
def test_the_api_server_takes_the_job_as_it_is(pool: str, namespace: str) -> None:
    job = rendered(pool, namespace=namespace)
    answer = json.loads(
        kubectl(
            "create",
            "--dry-run=server",
            "--validate=strict",
            "-f",
            "-",
            "-o",
            "json",
            document=without_pod_counts(job),
        )
    )
    assert answer["spec"]["podFailurePolicy"] == job["spec"]["podFailurePolicy"]
    assert answer["spec"]["template"]["spec"]["restartPolicy"] == "Never"


@needs_cluster
@pytest.mark.parametrize("pool", POOLS)
def test_pod_security_admits_the_pod(pool: str, namespace: str) -> None:
    spec = without_pod_counts(rendered(pool))["spec"]["template"]["spec"] | {"serviceAccountName": "default"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pool, "namespace": namespace},
        "spec": spec,
    }
    kubectl("create", "--dry-run=server", "-f", "-", document=pod)


@needs_schemas
@pytest.mark.parametrize("pool", POOLS)
def test_the_job_fits_the_schemas(pool: str) -> None:
    done = subprocess.run(
        ["kubeconform", "-strict", "-schema-location", os.environ["KUBECONFORM_SCHEMAS"], "-"],
        input=json.dumps(without_pod_counts(rendered(pool))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def without_pod_counts(job: dict) -> dict:  # type: ignore[type-arg]
    """Leave out two words that Prefect's worker asks for in the pod's spec, and that API servers drop."""
    spec = job["spec"]["template"]["spec"]
    bare = {name: value for name, value in spec.items() if name not in ("completions", "parallelism")}
    return job | {"spec": job["spec"] | {"template": job["spec"]["template"] | {"spec": bare}}}
