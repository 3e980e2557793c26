"""A work pool on a Prefect server, with its worker and one deployment whose runs wait at a gate."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from servers.prefect import PrefectServer

ROOT = Path(__file__).parents[2]
PATIENCE = 240  # seconds for what takes some on a busy machine


class Pool:
    """The deployment refine-batch/refine in a pool of its own. Its runs stop before their work while the gate is closed."""

    kind = "process"

    def __init__(self, server: PrefectServer, gate: Path, environment: dict[str, str]) -> None:
        self.server, self.gate = server, gate
        gate.mkdir()
        self._post("work_pools/", name="spark", type=self.kind, base_job_template=self._template())
        flow = self._post("flows/", name="refine-batch")
        deployed = self._post(
            "deployments/",
            name="refine",
            flow_id=flow["id"],
            work_pool_name="spark",
            path=str(ROOT),
            entrypoint="tests/pipeline/pooled.py:refine_batch",
            parameter_openapi_schema={},
            job_variables=self._variables({**environment, "POOLED_GATE": str(gate)}),
        )
        self.deployment = deployed["id"]
        self._before = {run["id"] for run in self._runs()}

    def runs(self) -> list[dict[str, Any]]:
        """Give the deployment's runs since this was made, the first one first."""
        return [run for run in self._runs() if run["id"] not in self._before]

    def carrying(self) -> list[dict[str, Any]]:
        """Give the runs that carry and have not ended, of all homes."""
        flows = {"name": {"any_": ["carry-to-the-lake"]}}
        states = {"type": {"any_": ["RUNNING"]}}
        return self._post("flow_runs/filter", flows=flows, flow_runs={"state": states})

    def close(self) -> None:
        """Let runs that come to the gate wait there."""
        (self.gate / "closed").touch()

    def open(self) -> None:
        """Let them go on."""
        (self.gate / "closed").unlink()

    def waiting(self, count: int = 1) -> list[int]:
        """Wait until so many processes have come to the gate; give their ids, in the order in which they came."""
        until(lambda: len(list(self.gate.glob("*.waits"))) >= count, f"{count} runs at the gate")
        notes = sorted(self.gate.glob("*.waits"), key=lambda note: note.stat().st_mtime)
        return [int(note.stem) for note in notes]

    def twin(self, run: str) -> subprocess.Popen[bytes]:
        """Start one more process for a run, as a second pod would be."""
        environment = {**self.server.environment, **self._environment(), "PREFECT__FLOW_RUN_ID": run}
        command = [sys.executable, "-m", "prefect.engine"]
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    def _runs(self) -> list[dict[str, Any]]:
        found = self._post("flow_runs/filter", deployments={"id": {"any_": [self.deployment]}})
        return sorted(found, key=lambda run: run["created"])

    def _environment(self) -> dict[str, str]:
        found = httpx.get(f"{self.server.url}/deployments/{self.deployment}", trust_env=False).json()
        return dict(found["job_variables"]["env"])

    def _template(self) -> dict[str, Any]:
        from prefect.workers.base import BaseWorker

        worker = BaseWorker.get_worker_class_from_type(self.kind)
        assert worker
        return worker.get_default_base_job_template()

    def _variables(self, environment: dict[str, str]) -> dict[str, Any]:
        return {"env": environment, "working_dir": str(ROOT)}

    def _post(self, place: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.server.url}/{place}", json=body, trust_env=False, timeout=60)
        if answer.status_code != httpx.codes.CONFLICT:  # the pool of the test before
            answer.raise_for_status()
        return answer.json()


@contextmanager
def working(pool: Pool, log: Path, **more: str) -> Iterator[Pool]:
    """Have a worker for the pool, for the body; `more` is added to its environment."""
    environment = {**pool.server.environment, "PREFECT_WORKER_QUERY_SECONDS": "1", **more}
    worker = start_worker(environment, "spark", log, pool.kind)
    try:
        yield pool
    finally:
        for each in [*psutil.Process(worker.pid).children(recursive=True), psutil.Process(worker.pid)]:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        worker.wait()


def start_worker(
    environment: dict[str, str], pool: str, log: Path, kind: str = "process"
) -> subprocess.Popen[bytes]:
    """Start a worker of a kind for a pool; what it starts are processes, if nothing else is said."""
    with log.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", kind],
            env=environment,
            cwd=ROOT,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def until(true: Any, what: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"there were never {what}"
        time.sleep(0.1)
