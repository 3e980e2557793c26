"""Runs of the Spark pool as jobs at a service: one that answers as Databricks does, and submits to a real Spark of two processes.

The driver is started by spark-submit, its executor is a process of its own; both know only what the job says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pipeline.elsewhere import Home, carried_once, ended, well
from pipeline.pooled import SLOT
from prefect.settings import PREFECT_API_URL, temporary_settings
from servers.databricks import Body, Jobs, State, databricks
from servers.pool import ROOT, Pool, until, working
from servers.prefect import PrefectServer

from conductor.cli.checks.finding import Verdict
from conductor.cli.checks.scheduler import scheduler

TOKEN, PASSWORD = "dapi-canary-of-the-service", "canary-of-the-api"
MASTER = "local-cluster[1,1,1024]"
"""One executor with a core and a GiB, beside the driver."""


class Submitted:
    """A job at the service: what spark-submit makes of it."""

    def __init__(self, body: Body, log: Path) -> None:
        [task] = body["tasks"]
        cluster = task["new_cluster"]
        conf = [part for pair in cluster["spark_conf"].items() for part in ("--conf", "=".join(pair))]
        submit = Path(sys.executable).with_name("spark-submit")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME") if name in os.environ}
        image = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PYSPARK_PYTHON": sys.executable}
        place = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(log.parent / "executors")}
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                [submit, "--master", MASTER, *conf, task["spark_python_task"]["python_file"]],
                env=kept | image | place | cluster["spark_env_vars"],
                cwd=ROOT,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        self.cancelled = False

    def state(self) -> State:
        status = self.process.poll()
        if status is None:
            return {"life_cycle_state": "RUNNING"}
        result = "CANCELED" if self.cancelled else "FAILED" if status else "SUCCESS"
        return {"life_cycle_state": "TERMINATED", "result_state": result}

    def cancel(self) -> None:
        self.cancelled = True
        self.process.kill()


class Service:
    """The service, and what it was given to do."""

    def __init__(self, log: Path) -> None:
        self.log, self.jobs = log, list[Submitted]()
        self.fail_next = False

    def begin(self, body: Body) -> Submitted:
        if self.fail_next:
            self.fail_next = False
            body["tasks"][0]["spark_python_task"]["python_file"] = "no-such-file.py"
        self.jobs.append(Submitted(body, self.log))
        return self.jobs[-1]


class ServicePool(Pool):
    """The pool, of runs that go to the service."""

    kind = "spark-service"

    def __init__(
        self, server: PrefectServer, gate: Path, environment: dict[str, str], place: dict[str, str]
    ) -> None:
        self.place = place
        super().__init__(server, gate, environment)

    def _variables(self, environment: dict[str, str]) -> dict[str, Any]:
        return {
            "service": self.place,
            "entrypoint": str(ROOT / "k8s/spark/run_flow.py"),
            "env": environment,
            "poll_seconds": 0.5,
            "owner": "finance",
        }

    def cancel(self, run: str) -> None:
        """Cancel a run, as a person does in the UI."""
        state = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        self._post(f"flow_runs/{run}/set_state", **state)


@pytest.fixture
def home(tmp_path: Path, own_prefect_server: PrefectServer) -> Home:
    return Home(tmp_path, own_prefect_server, {"spark_from_bytes": 0})


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "spark.log")


@pytest.fixture
def jobs(service: Service) -> Iterator[Jobs]:
    with databricks(service.begin) as serving:
        yield serving
    for job in service.jobs:
        job.process.kill()
        job.process.wait()


@pytest.fixture
def pool(tmp_path: Path, home: Home, own_prefect_server: PrefectServer, jobs: Jobs) -> Iterator[ServicePool]:
    place = {
        "service": "databricks",
        "host": jobs.url,
        "spark_version": "17.3.x-scala2.13",
        "node_type": "i3.xlarge",
    }
    made = ServicePool(own_prefect_server, tmp_path / "gate", home.in_pool, place)
    secrets = {"DATABRICKS_TOKEN": TOKEN, "PREFECT_API_AUTH_STRING": PASSWORD}
    with working(made, tmp_path / "worker.log", **secrets):
        yield made


def test_a_batch_is_refined_by_a_job_of_the_service(
    home: Home, pool: ServicePool, jobs: Jobs, service: Service
) -> None:
    well(home.carry())
    first, child, last = home.attempts()
    assert (first.outcome, child.outcome, last.outcome) == ("handed over", "done", "done")
    [run] = pool.runs()
    assert (run["id"], run["infrastructure_pid"]) == (child.run_id, "455644833")
    carried_once(home, "spark")
    [job] = service.jobs
    assert job.process.wait(60) == 0
    [(body, authorization)] = [(body, key) for _, path, body, key in jobs.asked if path.endswith("/submit")]
    assert authorization == f"Bearer {TOKEN}"
    assert (body["idempotency_token"], body["run_name"]) == (run["id"], f"refine {SLOT.id}")
    assert body["tasks"][0]["new_cluster"]["custom_tags"]["owner"] == "finance"
    assert not [secret for secret in (TOKEN, PASSWORD) if secret in str(body)]


def test_a_job_that_fails_before_its_run_begins_is_followed_by_another(
    home: Home, pool: ServicePool, service: Service
) -> None:
    service.fail_next = True
    well(home.carry())
    crashed, done = pool.runs()
    assert (crashed["state_type"], len(service.jobs)) == ("CRASHED", 2)
    assert home.attempts()[1].run_id == done["id"]
    carried_once(home, "spark")


def test_a_service_that_refuses_us_is_told_by_the_run_that_waits(
    home: Home, pool: ServicePool, jobs: Jobs, service: Service
) -> None:
    jobs.answer = (403, b'{"error_code": "PERMISSION_DENIED", "message": "dapi-canary-of-the-service"}')
    said = ended(home.carry())
    assert said.startswith("RetryLater")
    assert "ended as Crashed" in said
    assert "Databricks refuses these credentials (403 PERMISSION_DENIED)" in said
    assert TOKEN not in said
    assert not service.jobs


def test_a_run_that_is_cancelled_takes_its_job_with_it(
    home: Home, pool: ServicePool, service: Service
) -> None:
    pool.close()
    carrying = home.carry()
    pool.waiting()
    carrying.kill()  # it would have another run do the work
    carrying.wait()
    [run] = pool.runs()
    pool.cancel(run["id"])
    until(lambda: service.jobs[0].process.poll() is not None, "an end of the job")
    until(lambda: pool.runs()[0]["state_type"] == "CANCELLED", "a cancelled run")
    assert len(service.jobs) == 1
    assert home.outcomes()[0] == "handed over"


def test_doctor_takes_the_pool_for_what_it_is(pool: ServicePool, own_prefect_server: PrefectServer) -> None:
    def told() -> set[tuple[str, Verdict]]:
        with temporary_settings({PREFECT_API_URL: own_prefect_server.url}):
            found = scheduler("conductor-flows", lambda: datetime.now(UTC))
            return {(each.sentence, each.verdict) for each in found if each.about == "pools"}

    ready = ("spark: a worker polls it, jobs at a service", Verdict.OK)
    until(lambda: ready in told(), "a pool whose worker polls it")
    assert ("there is no work pool polars", Verdict.PROBLEM) in told()


def test_a_pool_that_does_not_say_where_its_service_is_takes_no_run(
    own_prefect_server: PrefectServer, home: Home, tmp_path: Path
) -> None:
    nowhere = {"service": "databricks", "host": "nowhere"}
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        ServicePool(own_prefect_server, tmp_path / "gate", home.in_pool, nowhere)
