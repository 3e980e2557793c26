"""What is missing on the cluster is named by the install itself, with the command that mends it, before anything is made."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from servers.chart import CHART, program
from servers.kubernetes import Cluster

SECRETS = {
    "conductor-prefect": ["auth-string=a:b", "encryption-key=k"],
    "conductor-databases": ["prefect-url=p", "redis-url=r", "ledger-url=l", "warehouse-url=w"],
}


def tried(platform: str, flows: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Let Helm ask the cluster as an install would, and make nothing."""
    command = [program("helm"), "install", "trial", str(CHART), "--namespace", platform, "--dry-run=server"]
    command += ["--set", f"flows.namespace={flows}", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def places(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Two namespaces with every Secret that the default values ask for."""
    with cluster.namespaces("platform", "flows") as (platform, flows):
        for name, entries in SECRETS.items():
            make_secret(cluster, platform, name, entries)
        make_secret(cluster, flows, "conductor-prefect", ["auth-string=a:b"])
        yield platform, flows


def make_secret(cluster: Cluster, namespace: str, name: str, entries: list[str]) -> None:
    literals = [f"--from-literal={entry}" for entry in entries]
    cluster.run("create", "secret", "generic", name, "-n", namespace, *literals)


def test_with_everything_there_it_would_install(places: tuple[str, str]) -> None:
    done = tried(*places)
    assert done.returncode == 0, done.stderr


def test_a_missing_namespace_is_named(places: tuple[str, str]) -> None:
    done = tried(places[0], "not-there")
    assert done.returncode != 0
    assert "there is no namespace not-there; next: kubectl apply -f k8s/namespaces.yaml" in done.stderr


def test_a_namespace_that_enforces_nothing_is_named(cluster: Cluster, places: tuple[str, str]) -> None:
    done = tried(places[0], "default")
    assert done.returncode != 0
    assert "the namespace default does not enforce Pod Security `restricted`" in done.stderr


def test_a_missing_secret_is_named_with_its_key(places: tuple[str, str]) -> None:
    done = tried(*places, "--set", "externalRedis.existingSecret=conductor-redis")
    assert done.returncode != 0
    assert "there is no Secret conductor-redis" in done.stderr
    assert "which has to hold redis-url" in done.stderr
    assert f"kubectl create secret generic conductor-redis --namespace {places[0]}" in done.stderr


def test_a_missing_key_is_named(places: tuple[str, str]) -> None:
    done = tried(*places, "--set", "server.encryptionKey.key=fernet")
    assert done.returncode != 0
    assert f"the Secret conductor-prefect in the namespace {places[0]} has no key fernet" in done.stderr
