"""The trial's values, installed on the cluster: it works, strangers get nothing, secrets stay where they belong."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from .trial import Trial

OPEN = {"/health", "/ready"}
WITHOUT_BRACES = str.maketrans("", "", "{}")


@pytest.fixture(scope="module")
def api(trial: Trial) -> Iterator[str]:
    """Address of the API on this machine."""
    with trial.cluster.forwarded(trial.platform, "service/conductor-server", 4200) as url:
        yield url


def test_the_release_tests_itself(trial: Trial) -> None:
    done = trial.helm("test", "--logs")
    assert done.returncode == 0, done.stdout + done.stderr
    for pool in ("polars", "spark", "platform"):
        assert f"pool {pool}: a worker is online" in done.stdout


def test_every_pod_runs_and_none_was_started_anew(trial: Trial) -> None:
    """But for the set-up, which waits for the servers by trying, and for reconciler and the regular jobs, which wait for the set-up."""
    for pod in trial.cluster.read("get", "pods", "-n", trial.platform)["items"]:
        name, status = pod["metadata"]["name"], pod["status"]
        if not name.startswith(
            ("conductor-setup", "conductor-reconciler", "conductor-relay", "conductor-audit")
        ):
            assert status["phase"] in {"Running", "Succeeded"}, name
            assert all(each["restartCount"] == 0 for each in status["containerStatuses"]), name


def test_pools_hold_the_templates_of_the_chart_and_the_workspace_is_there(trial: Trial, api: str) -> None:
    shown = trial.cluster.read("get", "configmap", "conductor-pools", "-n", trial.platform)["data"]
    with httpx.Client(base_url=f"{api}/api", auth=trial.auth, timeout=60, trust_env=False) as client:
        for name, text in shown.items():
            pool = client.get(f"/work_pools/{name.removesuffix('.json')}").json()
            assert pool["type"] == "kubernetes"
            assert pool["base_job_template"] == json.loads(text)
        named = client.get("/block_types/slug/conductor-workspace/block_documents").json()
        assert [each["name"] for each in named] == ["trial"]


def test_a_stranger_is_told_nothing_by_any_route(trial: Trial, api: str) -> None:
    with httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
        routes = client.get("/api/openapi.json", auth=trial.auth).json()["paths"]
        assert routes.keys() > OPEN
        answers = {
            (method, path): client.request(method, f"/api{path.translate(WITHOUT_BRACES)}").status_code
            for path, methods in routes.items()
            for method in methods
        }
    assert len(answers) >= 150
    assert {path for (_, path), status in answers.items() if status != 401} == OPEN
    assert {status for (_, path), status in answers.items() if path in OPEN} == {200}


def test_no_secret_is_found_outside_of_secrets(trial: Trial) -> None:
    """Each generated value is a canary: 32 characters that are nowhere else by chance."""
    canaries = set(trial.secrets(trial.platform)["conductor-trial"].values())
    assert len(canaries) == 12
    wanted = canaries | {base64.b64encode(each.encode()).decode() for each in canaries}
    kinds = "pods,jobs,cronjobs,deployments,statefulsets,configmaps,events,services,replicasets"
    for namespace in (trial.platform, trial.flows):
        seen = trial.cluster.run("get", kinds, "-n", namespace, "-o", "json").stdout
        assert not [each for each in wanted if each in seen], f"objects of {namespace}"
        for pod in trial.cluster.read("get", "pods", "-n", namespace)["items"]:
            name = pod["metadata"]["name"]
            log = trial.cluster.run("logs", "-n", namespace, name, "--all-containers", check=False).stdout
            assert not [each for each in wanted if each in log], f"log of {name}"


def test_no_secret_is_found_in_the_databases(trial: Trial) -> None:
    dump = "export PGPASSWORD=$(cat /etc/conductor/secret/password); exec pg_dumpall --no-role-passwords -h 127.0.0.1 -U postgres"
    words = ("exec", "-n", trial.platform, "conductor-postgresql-0", "--", "sh", "-c", dump)
    text = trial.cluster.run(*words).stdout
    assert "block_document" in text
    assert not [each for each in trial.secrets(trial.platform)["conductor-trial"].values() if each in text]


def test_an_upgrade_keeps_the_secrets_and_the_pools_pause(trial: Trial, api: str) -> None:
    before = {place: trial.secrets(place) for place in (trial.platform, trial.flows)}
    with httpx.Client(base_url=f"{api}/api", auth=trial.auth, timeout=60, trust_env=False) as client:
        client.patch("/work_pools/spark", json={"is_paused": True}).raise_for_status()
        done = trial.helm(
            "upgrade", *trial.chart(), "--set", "workPools.spark.variables.memory_request=1280Mi"
        )
        assert done.returncode == 0, done.stderr
        pool = client.get("/work_pools/spark").json()
        client.patch("/work_pools/spark", json={"is_paused": False}).raise_for_status()
    assert pool["is_paused"]
    properties = pool["base_job_template"]["variables"]["properties"]
    assert properties["memory_request"]["default"] == "1280Mi"
    assert {place: trial.secrets(place) for place in (trial.platform, trial.flows)} == before
