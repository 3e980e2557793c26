"""What a worker of the type spark-service makes of a run, from the pool's template: the job, and what must not stand in it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from conductor.engines.spark_sizes import spark_sizes
from conductor.engines.submit.databricks import Databricks
from conductor.engines.submit.emr import EmrOnEks, EmrServerless
from conductor.engines.submit.services import open_service
from conductor.engines.submit.submission import Submission
from conductor.errors import FixTheConfiguration
from conductor.settings import Settings
from flows.workers.spark_service import SparkServiceJob

TEMPLATE = Path(__file__).parents[2] / "k8s/services/spark.json"
API, PASSWORD = "https://conductor.example.com/api", "ops:canary-of-the-api"
RUN = FlowRun(id=uuid4(), flow_id=uuid4(), name="refine finance/sales_receipts/2026-03-02")
DATABRICKS = {
    "service": "databricks",
    "host": "https://acme.example.com",
    "spark_version": "17.3.x-scala2.13",
    "node_type": "i3.xlarge",
}
ROLE = "arn:aws:iam::123456789012:role/conductor-spark"
SERVERLESS = {
    "service": "emr-serverless",
    "region": "eu-central-1",
    "application_id": "00f5",
    "role_arn": ROLE,
}
ON_EKS = {
    "service": "emr-on-eks",
    "region": "eu-central-1",
    "virtual_cluster_id": "vc0123",
    "role_arn": ROLE,
    "release": "emr-7.9.0-latest",
}


def job(**variables: Any) -> SparkServiceJob:
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    nobody = PrefectClient("http://127.0.0.1:9/api")  # nothing is to be looked up
    values = {"service": DATABRICKS, **variables}
    made = asyncio.run(SparkServiceJob.from_template_and_values(template, values, client=nobody))
    with temporary_settings({PREFECT_API_URL: API, PREFECT_API_AUTH_STRING: PASSWORD}):
        made.prepare_for_flow_run(RUN)
    return made


def submission(**variables: Any) -> Submission:
    return job(**variables).submission(RUN)


def test_a_job_knows_its_run_and_the_api_and_not_the_workers_credentials() -> None:
    said = submission(env={"CONDUCTOR_SPARK_EXECUTORS": "3"})
    assert said.env == {
        "PREFECT_API_URL": API,
        "PREFECT__FLOW_RUN_ID": str(RUN.id),
        "CONDUCTOR_SPARK_MASTER": "given",
        "CONDUCTOR_SPARK_EXECUTORS": "3",
        "PREFECT_CLIENT_MAX_RETRIES": "100",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }
    assert (said.token, said.name) == (str(RUN.id), RUN.name)


def test_an_address_that_is_reached_from_the_service_stands_instead_of_the_workers_own() -> None:
    outside = "https://outside.example.com/api"
    assert submission(env={"PREFECT_API_URL": outside}).env["PREFECT_API_URL"] == outside


def test_the_sizes_that_a_run_was_started_with_are_the_jobs() -> None:
    sizes = spark_sizes(3 * 2**30, Settings(), memory_class=1)
    said = submission(**sizes.job_variables()).sizes
    assert said.job_variables() == sizes.job_variables()


def test_who_pays_and_when_it_has_to_be_over_are_told_to_the_service() -> None:
    said = submission(
        owner="finance", cost_center="4711", annotations={"conductor/deadline-seconds": "14400"}
    )
    assert (said.tags["owner"], said.tags["cost-center"]) == ("finance", "4711")
    assert {"project", "compliance"} <= said.tags.keys()
    assert (said.deadline_seconds, submission().deadline_seconds) == (14400, 0)


@pytest.mark.parametrize(
    "variables",
    [
        {"env": {"PREFECT_API_AUTH_STRING": PASSWORD}},
        {"env": {"CONDUCTOR_ACCOUNTING_CLIENT_SECRET": "canary"}},
        {"spark_conf": {"spark.hadoop.fs.s3a.secret.key": "canary"}},
        {"spark_conf": {"spark.kubernetes.driverEnv.LEDGER_PASSWORD": "canary"}},
        {"env": {"CONDUCTOR_LEDGER_URL": "postgresql://ledger:canary@db.example.com/ledger"}},
    ],
)
def test_a_secret_in_clear_never_leaves_here(variables: dict[str, Any]) -> None:
    with pytest.raises(FixTheConfiguration, match="in clear") as caught:
        submission(**variables)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("reference", ["EMR.secret@conductor-api", "{{secrets/conductor/api}}"])
def test_a_secret_by_reference_is_passed_on(reference: str) -> None:
    assert submission(env={"PREFECT_API_AUTH_STRING": reference}).env["PREFECT_API_AUTH_STRING"] == reference


@pytest.mark.parametrize(
    ("place", "kind"), [(DATABRICKS, Databricks), (SERVERLESS, EmrServerless), (ON_EKS, EmrOnEks)]
)
def test_each_service_is_reached_by_what_the_pool_says_of_it(place: dict[str, str], kind: type) -> None:
    assert isinstance(open_service(job(service=place).service, {"DATABRICKS_TOKEN": "t"}), kind)


def test_a_missing_token_is_told_with_its_variable() -> None:
    with pytest.raises(FixTheConfiguration, match="no DATABRICKS_TOKEN"):
        open_service(job().service, {})


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"service": "spark-on-mars"}, "spark-on-mars|emr-serverless"),
        (SERVERLESS | {"role_arn": ""}, "role_arn"),
        (DATABRICKS | {"nodes": "4"}, "nodes"),
    ],
)
def test_a_place_that_is_none_is_told_by_what_is_wrong(place: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        job(service=place)
