"""Jobs for EMR: requests as botocore's own description of the services takes them, states and refusals told in our words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from conductor.engines.spark_sizes import spark_sizes
from conductor.engines.submit.emr import CONTAINERS, SERVERLESS, EmrOnEks, EmrServerless
from conductor.engines.submit.submission import Phase, Submission
from conductor.errors import FixTheConfiguration, RetryLater
from conductor.settings import Settings

ROLE = "arn:aws:iam::123456789012:role/conductor-spark"
JOB = "arn:aws:emr-serverless:eu-central-1:123456789012:/applications/00abcdefghijklm0/jobruns/j1"
BATCH = "b" * 32
SUBMISSION = Submission(
    name="refine finance/sales_receipts/2026-03-02",
    token=BATCH,
    entrypoint="s3://lake/jobs/refine.py",
    sizes=spark_sizes(2**30, Settings()),
    image="registry.example/cloud-conductor-spark:1",
    env={"PREFECT__FLOW_RUN_ID": "a run"},
    spark_conf={"spark.sql.ansi.enabled": "true"},
    tags={"cost-center": "finance"},
    deadline_seconds=3601,
)
ALLOCATION = (
    "--conf spark.dynamicAllocation.enabled=true --conf spark.dynamicAllocation.minExecutors=1 "
    "--conf spark.dynamicAllocation.maxExecutors=4"
)


def conf(driver_beside: int, executor_beside: int) -> str:
    """The sizes as spark-submit takes them: 768 and 1,024 MiB of heap, and what is beside them."""
    return (
        f"--conf spark.driver.cores=1 --conf spark.driver.memory=768m --conf spark.driver.memoryOverhead={driver_beside}m "
        "--conf spark.executor.cores=1 --conf spark.executor.memory=1024m "
        f"--conf spark.executor.memoryOverhead={executor_beside}m {ALLOCATION}"
    )


def defaults(properties: dict[str, str]) -> dict[str, Any]:
    """What stands beside the settings that the submission names itself."""
    named = properties | {"spark.sql.ansi.enabled": "true"}
    return {"applicationConfiguration": [{"classification": "spark-defaults", "properties": named}]}


def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-central-1", aws_access_key_id="id", aws_secret_access_key="secret"
    )


@pytest.fixture
def serverless() -> Iterator[tuple[EmrServerless, Stubber]]:
    opened = client("emr-serverless")
    with Stubber(opened) as stub:
        yield EmrServerless(opened, "00abcdefghijklm0", ROLE), stub


@pytest.fixture
def on_eks() -> Iterator[tuple[EmrOnEks, Stubber]]:
    opened = client("emr-containers")
    with Stubber(opened) as stub:
        yield EmrOnEks(opened, "vc0123456789abcdefghijklm", ROLE, "emr-7.9.0-latest"), stub


def serverless_run(state: str) -> dict[str, Any]:
    now = datetime(2026, 3, 3, tzinfo=UTC)
    told = {"applicationId": "00abcdefghijklm0", "jobRunId": "j1", "arn": JOB, "createdBy": ROLE}
    more = {"createdAt": now, "updatedAt": now, "executionRole": ROLE, "state": state, "stateDetails": "-"}
    return {
        "jobRun": {
            **told,
            **more,
            "releaseLabel": "emr-7.9.0",
            "jobDriver": {"sparkSubmit": {"entryPoint": "s3://lake/jobs/refine.py"}},
        }
    }


def test_a_job_for_serverless_says_role_sizes_in_whole_gibibytes_and_the_token_that_makes_it_one_job(
    serverless: tuple[EmrServerless, Stubber],
) -> None:
    service, stub = serverless
    stub.add_response(
        "start_job_run",
        {"applicationId": "00abcdefghijklm0", "jobRunId": "j1", "arn": JOB},
        {
            "applicationId": "00abcdefghijklm0",
            "clientToken": BATCH,
            "executionRoleArn": ROLE,
            "name": SUBMISSION.name,
            "jobDriver": {
                "sparkSubmit": {
                    "entryPoint": SUBMISSION.entrypoint,
                    "sparkSubmitParameters": conf(1280, 1024),
                }
            },
            "configurationOverrides": defaults(
                {"spark.emr-serverless.driverEnv.PREFECT__FLOW_RUN_ID": "a run"}
            ),
            "executionTimeoutMinutes": 61,
            "tags": {"cost-center": "finance"},
        },
    )
    stub.add_response(
        "get_job_run", serverless_run("PENDING"), {"applicationId": "00abcdefghijklm0", "jobRunId": "j1"}
    )
    job = service.submit(SUBMISSION)
    assert (job.id, job.phase, job.word, job.over) == ("j1", Phase.WAITING, "PENDING", False)


def test_a_job_for_eks_names_its_image_and_release(on_eks: tuple[EmrOnEks, Stubber]) -> None:
    service, stub = on_eks
    stub.add_response(
        "start_job_run",
        {"id": "0000000abcdefghijkl", "virtualClusterId": service.virtual_cluster_id},
        {
            "virtualClusterId": service.virtual_cluster_id,
            "clientToken": BATCH,
            "executionRoleArn": ROLE,
            "releaseLabel": "emr-7.9.0-latest",
            "name": SUBMISSION.name,
            "jobDriver": {
                "sparkSubmitJobDriver": {
                    "entryPoint": SUBMISSION.entrypoint,
                    "sparkSubmitParameters": conf(1024, 512),
                }
            },
            "configurationOverrides": defaults(
                {
                    "spark.kubernetes.container.image": SUBMISSION.image,
                    "spark.kubernetes.driverEnv.PREFECT__FLOW_RUN_ID": "a run",
                }
            ),
            "tags": {"cost-center": "finance"},
        },
    )
    stub.add_response("describe_job_run", {"jobRun": {"id": "0000000abcdefghijkl", "state": "RUNNING"}})
    assert service.submit(SUBMISSION).phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("service", "operation", "states"),
    [("emr-serverless", "GetJobRun", SERVERLESS), ("emr-containers", "DescribeJobRun", CONTAINERS)],
)
def test_every_state_that_the_service_describes_has_a_phase(
    service: str, operation: str, states: dict[str, Phase]
) -> None:
    described = client(service).meta.service_model.operation_model(operation).output_shape
    assert set(described.members["jobRun"].members["state"].enum) == set(states)


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        ("ThrottlingException", 400, RetryLater, "429 ThrottlingException"),
        ("ServiceQuotaExceededException", 402, RetryLater, "ServiceQuotaExceeded"),
        ("InternalServerException", 500, RetryLater, "500 InternalServer"),
        ("AccessDeniedException", 403, FixTheConfiguration, "refuses these credentials"),
        ("ValidationException", 400, FixTheConfiguration, "refuses the job"),
        ("ResourceNotFoundException", 404, FixTheConfiguration, "refuses the job"),
    ],
)
def test_refusals_are_sorted_by_what_to_do_and_repeat_nothing_of_the_request(
    serverless: tuple[EmrServerless, Stubber], code: str, status: int, error: type[Exception], said: str
) -> None:
    service, stub = serverless
    stub.add_client_error("start_job_run", code, "name: refine finance", status)
    with pytest.raises(error, match=said) as caught:
        service.submit(SUBMISSION)
    assert "finance" not in str(caught.value)


def test_a_job_that_the_service_cannot_take_never_leaves_here() -> None:
    nameless = EmrOnEks(client("emr-containers"), "", ROLE, "emr-7.9.0-latest")
    with pytest.raises(FixTheConfiguration, match="does not fit what EMR on EKS takes"):
        nameless.submit(SUBMISSION)


def test_what_is_over_is_not_cancelled_and_what_runs_is(on_eks: tuple[EmrOnEks, Stubber]) -> None:
    service, stub = on_eks
    stub.add_response(
        "describe_job_run", {"jobRun": {"state": "COMPLETED"}}, {"virtualClusterId": ANY, "id": "a"}
    )
    service.cancel("a")
    stub.add_response(
        "describe_job_run", {"jobRun": {"state": "RUNNING"}}, {"virtualClusterId": ANY, "id": "b"}
    )
    stub.add_response("cancel_job_run", {"id": "b"}, {"virtualClusterId": ANY, "id": "b"})
    service.cancel("b")
    stub.assert_no_pending_responses()


def test_a_token_that_is_too_long_for_a_service_is_shortened_and_stays_the_jobs_own() -> None:
    one, other = (Submission("n", f"{BATCH}-{'x' * 60}{n}", "e", SUBMISSION.sizes) for n in (1, 2))
    assert len(one.short_token) == len(other.short_token) == 64
    assert one.short_token != other.short_token
    assert SUBMISSION.short_token == BATCH
