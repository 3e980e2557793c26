"""Jobs for Databricks, over real HTTP to a server that answers in the shapes of its Jobs API 2.1."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr
from servers.databricks import Jobs, databricks

from conductor.engines.spark_sizes import spark_sizes
from conductor.engines.submit.databricks import Databricks
from conductor.engines.submit.submission import Phase, Submission
from conductor.errors import FixTheConfiguration, RetryLater
from conductor.settings import Settings

BATCH = "b" * 32
SUBMISSION = Submission(
    name="refine finance/sales_receipts/2026-03-02",
    token=BATCH,
    entrypoint="s3://lake/jobs/refine.py",
    sizes=spark_sizes(20 * 2**30, Settings(spark_executors=40)),
    env={"PREFECT__FLOW_RUN_ID": "a run"},
    spark_conf={"spark.sql.ansi.enabled": "true"},
    tags={"cost-center": "finance"},
    deadline_seconds=3600,
)


@pytest.fixture
def server() -> Iterator[Jobs]:
    with databricks() as jobs:
        yield jobs


@pytest.fixture
def service(server: Jobs) -> Iterator[Databricks]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield Databricks(client, SecretStr("dapi-canary"), "16.4.x-scala2.13", "i3.xlarge")


def test_a_job_runs_on_a_cluster_of_its_own_and_the_same_token_is_the_same_run(
    server: Jobs, service: Databricks
) -> None:
    first, second = service.submit(SUBMISSION), service.submit(SUBMISSION)
    assert first == second
    assert (first.id, first.phase, first.page) == (
        "455644833",
        Phase.WAITING,
        "https://example.cloud.databricks.com/#job/1/run/455644833",
    )
    method, path, body, authorization = server.asked[0]
    assert (method, path, authorization) == ("POST", "/api/2.1/jobs/runs/submit", "Bearer dapi-canary")
    assert body == {
        "run_name": SUBMISSION.name,
        "idempotency_token": BATCH,
        "timeout_seconds": 3600,
        "tasks": [
            {
                "task_key": "refine",
                "new_cluster": {
                    "spark_version": "16.4.x-scala2.13",
                    "node_type_id": "i3.xlarge",
                    # 40 executors of 1.5 GiB, of which 9 fit a worker
                    "autoscale": {"min_workers": 1, "max_workers": 5},
                    "spark_conf": {"spark.sql.ansi.enabled": "true"},
                    "spark_env_vars": {"PREFECT__FLOW_RUN_ID": "a run"},
                    "custom_tags": {"cost-center": "finance"},
                },
                "spark_python_task": {"python_file": "s3://lake/jobs/refine.py"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("life", "result", "phase", "over"),
    [
        ("QUEUED", "", Phase.WAITING, False),
        ("PENDING", "", Phase.WAITING, False),
        ("RUNNING", "", Phase.RUNNING, False),
        ("TERMINATING", "", Phase.RUNNING, False),
        ("TERMINATED", "SUCCESS", Phase.SUCCEEDED, True),
        ("TERMINATED", "SUCCESS_WITH_FAILURES", Phase.SUCCEEDED, True),
        ("TERMINATED", "FAILED", Phase.FAILED, True),
        ("TERMINATED", "CANCELED", Phase.STOPPED, True),
        ("TERMINATED", "TIMEDOUT", Phase.STOPPED, True),
        ("SKIPPED", "", Phase.STOPPED, True),
        ("INTERNAL_ERROR", "FAILED", Phase.FAILED, True),
    ],
)
def test_states_are_told_as_phases(
    server: Jobs, service: Databricks, life: str, result: str, phase: Phase, over: bool
) -> None:
    server.state = {"life_cycle_state": life} | ({"result_state": result} if result else {})
    job = service.look("1")
    assert (job.phase, job.over) == (phase, over)


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (
            429,
            {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "dapi-canary"},
            RetryLater,
            "429 REQUEST_L",
        ),
        (503, {"error_code": "TEMPORARILY_UNAVAILABLE"}, RetryLater, "503"),
        (403, {"error_code": "PERMISSION_DENIED"}, FixTheConfiguration, "refuses these credentials"),
        (400, {"error_code": "INVALID_PARAMETER_VALUE"}, FixTheConfiguration, "400 INVALID_PARAMETER_VALUE"),
    ],
)
def test_refusals_are_sorted_by_what_to_do_and_tell_no_secret(
    server: Jobs, service: Databricks, status: int, body: dict[str, str], error: type[Exception], said: str
) -> None:
    server.answer = (status, json.dumps(body).encode())
    with pytest.raises(error, match=said) as caught:
        service.submit(SUBMISSION)
    assert "dapi" not in str(caught.value)
    assert "dapi" not in repr(service)


def test_an_answer_that_is_no_json_or_none_at_all_is_for_later(server: Jobs, service: Databricks) -> None:
    server.answer = (200, b"<html>gateway</html>")
    with pytest.raises(RetryLater, match="does not answer"):
        service.look("1")
    server.shutdown()
    server.server_close()
    with pytest.raises(RetryLater, match="does not answer"):
        service.look("1")


def test_a_run_is_cancelled_by_its_number(server: Jobs, service: Databricks) -> None:
    service.cancel("455644833")
    method, path, body, _ = server.asked[-1]
    assert (method, path, body) == ("POST", "/api/2.1/jobs/runs/cancel", {"run_id": 455644833})
