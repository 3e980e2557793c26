"""`helm upgrade` while nights are going: one is at work and another waits, and neither notices but by waiting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from .nights import Prefect, fresh_day, start
from .trial import Trial

PARTS = ("server", "services", "worker-polars", "worker-spark", "worker-platform", "reconciler")
ROLLING = ("--set-json", 'global.prefect.env=[{"name":"TZ","value":"UTC"}]')
"""A variable that says what holds anyway, for all of Prefect's processes; the trial's own servers don't get it."""
PAUSED = "scale-pools/scale"
NIGHT_SECONDS = 600


@pytest.fixture
def paused(prefect: Prefect) -> Iterator[None]:
    """A deployment and a pool that somebody has paused."""
    deployment = prefect.ask("GET", f"/deployments/name/{PAUSED}")["id"]
    prefect.ask("PATCH", f"/deployments/{deployment}", {"paused": True})
    prefect.ask("PATCH", "/work_pools/spark", {"is_paused": True})
    yield
    prefect.ask("PATCH", f"/deployments/{deployment}", {"paused": False})
    prefect.ask("PATCH", "/work_pools/spark", {"is_paused": False})


@pytest.mark.usefixtures("paused")
def test_an_upgrade_while_nights_are_going_loses_nothing(trial: Trial, prefect: Prefect) -> None:
    before, processes = lasting(trial, prefect), ids(trial)
    at_work = start(trial, prefect, fresh_day(trial))
    at_work.at_work()
    waiting = start(trial, prefect, at_work.day - timedelta(days=1))
    try:
        upgrade(trial, *ROLLING)
        for night in (at_work, waiting):
            assert night.ended(NIGHT_SECONDS) == "COMPLETED"
            night.until("nothing of it is at work", lambda night=night: not night.left())
            assert len(night.kube.pods(night.id)) == 1
            assert trial.audited(night.day) == ""
        assert not ids(trial) & processes
        assert lasting(trial, prefect) == before
    finally:
        upgrade(trial)


def upgrade(trial: Trial, *options: str) -> None:
    """Upgrade as the page says, and wait until all new processes answer."""
    done = trial.helm("upgrade", *trial.chart(), *options)
    assert done.returncode == 0, done.stderr
    for part in PARTS:
        place = (f"deployment/conductor-{part}", "-n", trial.platform)
        trial.cluster.run("rollout", "status", *place, "--timeout=280s")


def ids(trial: Trial) -> set[str]:
    """Give the ids of the pods of all that an upgrade replaces."""
    chosen = f"app.kubernetes.io/component in ({', '.join(PARTS)})"
    listed = trial.cluster.read("get", "pods", "-n", trial.platform, "-l", chosen)["items"]
    return {each["metadata"]["uid"] for each in listed if not each["metadata"].get("deletionTimestamp")}


def lasting(trial: Trial, prefect: Prefect) -> dict[str, Any]:
    """Give what has to be the same after an upgrade."""
    deployments = prefect.ask("POST", "/deployments/filter", {})
    pools = prefect.ask("POST", "/work_pools/filter", {})
    automations = prefect.ask("POST", "/automations/filter", {})
    return {
        "secrets": {place: trial.secrets(place) for place in (trial.platform, trial.flows)},
        "deployments": {
            each["name"]: [each[name] for name in ("id", "paused", "parameters", "job_variables")]
            for each in deployments
        },
        "schedules": {
            each["id"]: (each["active"], each["schedule"])
            for found in deployments
            for each in found["schedules"]
        },
        "pools": {each["name"]: (each["id"], each["is_paused"]) for each in pools},
        "automations": {each["name"]: each["id"] for each in automations},
    }
