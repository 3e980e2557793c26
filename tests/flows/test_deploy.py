"""`prefect deploy --all`, `conductor automations apply` and the scaling of pools, against a Prefect server of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.states import Running, Scheduled
from servers.prefect import PrefectServer, start_prefect, stop_prefect

from conductor.cli import automations
from conductor.cli.automations import Change
from conductor.cli.shipped_automations import read
from conductor.scaling import Bounds
from flows.steps.scale import load_of

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "k8s/automations.yaml"
PYTHON = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def server() -> Iterator[PrefectServer]:
    """A server with the work pools and all deployments of prefect.yaml."""
    started = start_prefect()
    try:
        with client_of(started) as client:
            for pool in ("polars", "spark", "platform"):
                client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        deploy(started)
        yield started
    finally:
        stop_prefect(started)


@contextmanager
def client_of(server: PrefectServer) -> Iterator[SyncPrefectClient]:
    with SyncPrefectClient(server.url) as client:
        yield client


@pytest.fixture
def client(server: PrefectServer) -> Iterator[SyncPrefectClient]:
    with client_of(server) as found:
        yield found


def run(server: PrefectServer, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**server.environment, "PATH": PYTHON, "PYTHONPATH": str(ROOT), "COLUMNS": "400", **more}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def deploy(server: PrefectServer, environment: str = "k8s/environments/local.toml") -> None:
    done = run(server, "prefect", "--no-prompt", "deploy", "--all", CONDUCTOR_ENVIRONMENT=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def standing(client: SyncPrefectClient) -> dict[str, object]:
    """Give what has to outlive a deploy: each deployment's id, pause and schedules with their ids and pauses."""
    return {
        each.name: (each.id, each.paused, sorted((str(one.id), one.active) for one in each.schedules))
        for each in client.read_deployments()
    }


def test_deploying_again_leaves_ids_schedules_and_what_a_person_paused(
    server: PrefectServer, client: SyncPrefectClient
) -> None:
    nightly = client.read_deployment_by_name("nightly-financials/nightly")
    schedule = nightly.schedules[0]
    client.update_deployment_schedule(nightly.id, schedule.id, active=False)
    client.pause_deployment(client.read_deployment_by_name("replay/replay").id)
    before = standing(client)
    assert (before["nightly"][2], before["replay"][1]) == ([(str(schedule.id), False)], True)  # type: ignore[index]
    deploy(server)
    assert standing(client) == before


def test_an_environment_changes_workspace_and_place_and_no_id(
    server: PrefectServer, client: SyncPrefectClient
) -> None:
    before = standing(client)
    deploy(server, "k8s/environments/cluster.toml")
    files = client.read_deployment_by_name("dropped-file/files")
    assert files.parameters["workspace"] == "cluster"
    assert files.pull_steps == [
        {"prefect.deployments.steps.set_working_directory": {"directory": "/opt/conductor"}}
    ]
    assert standing(client) == before
    deploy(server)
    assert client.read_deployment_by_name("dropped-file/files").parameters["workspace"] == "embedded"


def test_without_an_environment_nothing_is_deployed(server: PrefectServer, client: SyncPrefectClient) -> None:
    before = [each.updated for each in client.read_deployments()]
    done = run(server, "prefect", "--no-prompt", "deploy", "--all")
    assert done.returncode != 0
    assert "CONDUCTOR_ENVIRONMENT names no environment's file" in done.stdout + done.stderr
    assert [each.updated for each in client.read_deployments()] == before


def test_applying_automations_again_changes_nothing(client: SyncPrefectClient) -> None:
    first = outcomes(client)
    ids = automation_ids(client)
    assert set(first.values()) <= {Change.CREATED, Change.SKIPPED, Change.SAME}
    assert outcomes(client) == {
        name: Change.SKIPPED if change is Change.SKIPPED else Change.SAME for name, change in first.items()
    }
    assert automation_ids(client) == ids
    assert set(ids) == {name for name, change in first.items() if change is not Change.SKIPPED}


def test_a_changed_automation_keeps_its_id_and_a_paused_one_its_pause(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    outcomes(client)
    ids = automation_ids(client)
    client.pause_automation(ids["conductor-late"])
    changed = tmp_path / "automations.yaml"
    text = SHIPPED.read_text(encoding="utf-8")
    changed.write_text(text.replace("run: scale-pools/scale", "run: scale-pools/scale\n  after_seconds: 45"))
    assert [name for name, change in outcomes(client, changed).items() if change is Change.CHANGED] == [
        "conductor-late"
    ]
    (late,) = client.read_automations_by_name("conductor-late")
    assert (late.id, late.enabled) == (ids["conductor-late"], False)
    assert late.actions[0].model_dump()["schedule_after"] == timedelta(seconds=45)
    assert outcomes(client)["conductor-late"] is Change.CHANGED
    assert not client.read_automations_by_name("conductor-late")[0].enabled


def test_an_automation_waits_for_its_deployment_and_holds_up_no_other(
    client: SyncPrefectClient, tmp_path: Path
) -> None:
    """The chart's set-up job applies the file before anybody could deploy."""
    outcomes(client)
    ids = automation_ids(client)
    early = tmp_path / "automations.yaml"
    text = SHIPPED.read_text(encoding="utf-8")
    early.write_text(text.replace("run: scale-pools/scale", "run: scale-pools/not-yet"))
    assert outcomes(client, early)["conductor-late"] is Change.ABSENT
    assert automation_ids(client) == ids


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    server: PrefectServer, client: SyncPrefectClient
) -> None:
    outcomes(client)
    (late,) = client.read_automations_by_name("conductor-late")
    client.delete_automation(late.id)
    done = run(
        server, sys.executable, "-m", "conductor.cli.main", "automations", "apply", "--dry-run", "--json"
    )
    assert done.returncode == 0, done.stderr
    said = {each["name"]: each["outcome"] for each in json.loads(done.stdout)}
    assert said["conductor-late"] == "created"
    assert client.read_automations_by_name("conductor-late") == []


def outcomes(client: SyncPrefectClient, file: Path = SHIPPED) -> dict[str, Change]:
    return dict(automations.apply(client, read(file), None))


def automation_ids(client: SyncPrefectClient) -> dict[str, UUID]:
    return {each.name: each.id for each in client.read_automations()}


def test_runs_that_wait_make_a_pool_larger_and_a_quiet_pool_small_again(
    server: PrefectServer, client: SyncPrefectClient
) -> None:
    deployment = client.read_deployment_by_name("dropped-file/files")
    due = datetime.now(UTC) - timedelta(minutes=1)
    parameters = {"product": "sales/daily_sales", "file": "none.csv"}
    runs = [
        client.create_flow_run_from_deployment(
            deployment.id, parameters=parameters, state=Scheduled(scheduled_time=due)
        )
        for _ in range(7)
    ]
    client.set_flow_run_state(runs[0].id, Running(), force=True)
    load = load_of(client, "polars", datetime.now(UTC))
    assert (load.waiting, load.running) == (6, 1)
    assert scaled(server, Bounds(2, 5)) == 5
    for each in runs:
        client.delete_flow_run(each.id)
    assert scaled(server, Bounds(2, 5)) == 3
    assert scaled(server, Bounds(2, 5)) == 2
    assert scaled(server, Bounds(2, 5)) == 2


def scaled(server: PrefectServer, bounds: Bounds) -> int | None:
    """Have the pool `polars` scaled in a process that talks to this server; give its limit then."""
    program = (
        "from conductor.scaling import Bounds; from flows.steps.scale import scale_pool; "
        f"scale_pool('polars', {bounds!r})"
    )
    done = run(server, sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    with client_of(server) as client:
        return client.read_work_pool("polars").concurrency_limit
