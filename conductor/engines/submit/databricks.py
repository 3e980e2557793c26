"""Spark on Databricks: a run of its own through the Jobs API, on a cluster that is made for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from pydantic import SecretStr

from conductor.engines.submit.submission import Job, Phase, Submission, refused
from conductor.errors import RetryLater

WAITING = ("BLOCKED", "PENDING", "QUEUED", "WAITING_FOR_RETRY")
STOPPED = ("CANCELED", "TIMEDOUT", "UPSTREAM_CANCELED", "EXCLUDED", "MAXIMUM_CONCURRENT_RUNS_REACHED")
MIB_PER_WORKER = 14_336
"""Memory that one worker's node has for executors, in MiB: what the smallest node types give."""


@dataclass(frozen=True)
class Databricks:
    """A workspace at Databricks. `client` has its address as base; `node_type` and `spark_version` are those of the job's cluster."""

    client: httpx.Client
    token: SecretStr = field(repr=False)
    spark_version: str
    node_type: str

    def submit(self, submission: Submission) -> Job:
        """Submit a one-time run, as `Submitter.submit` says."""
        answer = self._ask("POST", "/api/2.1/jobs/runs/submit", json=self._run(submission))
        return self.look(str(answer["run_id"]))

    def look(self, job_id: str) -> Job:
        """Give where the run stands."""
        answer = self._ask("GET", "/api/2.1/jobs/runs/get", params={"run_id": job_id})
        state = cast("Mapping[str, str]", answer.get("state") or {})
        life, result = state.get("life_cycle_state", ""), state.get("result_state", "")
        return Job(
            job_id,
            _phase(life, result),
            " ".join(filter(None, (life, result))),
            answer.get("run_page_url", ""),
        )

    def cancel(self, job_id: str) -> None:
        """Have it stopped; Databricks takes it for a run that is over, too."""
        self._ask("POST", "/api/2.1/jobs/runs/cancel", json={"run_id": int(job_id)})

    def _run(self, submission: Submission) -> dict[str, object]:
        cluster = {
            "spark_version": self.spark_version,
            "node_type_id": self.node_type,
            "autoscale": {"min_workers": 1, "max_workers": _workers(submission)},
            "spark_conf": dict(submission.spark_conf),
            "spark_env_vars": dict(submission.env),
            "custom_tags": dict(submission.tags),
            **({"docker_image": {"url": submission.image}} if submission.image else {}),
        }
        task = {
            "task_key": "refine",
            "new_cluster": cluster,
            "spark_python_task": {"python_file": submission.entrypoint},
        }
        limit = {"timeout_seconds": submission.deadline_seconds} if submission.deadline_seconds else {}
        return {
            "run_name": submission.name,
            "idempotency_token": submission.short_token,
            **limit,
            "tasks": [task],
        }

    def _ask(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        """Ask, with the token in the header alone; an answer that is no JSON object counts as none."""
        headers = {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        try:
            answer = self.client.request(method, path, headers=headers, **what)
            told: object = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise RetryLater(f"Databricks does not answer ({type(error).__name__})") from None
        found = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
        if answer.is_error:
            raise refused("Databricks", answer.status_code, str(found.get("error_code", "")))
        return found


def _workers(submission: Submission) -> int:
    sizes = submission.sizes
    per_worker = max(1, MIB_PER_WORKER // (sizes.executor_heap + sizes.executor_beside))
    return max(1, -(-sizes.executors // per_worker))


def _phase(life: str, result: str) -> Phase:
    if life in WAITING:
        return Phase.WAITING
    if life == "SKIPPED" or result in STOPPED:
        return Phase.STOPPED
    if life == "INTERNAL_ERROR":
        return Phase.FAILED
    if life == "TERMINATED":
        return Phase.SUCCEEDED if result.startswith("SUCCESS") else Phase.FAILED
    return Phase.RUNNING
