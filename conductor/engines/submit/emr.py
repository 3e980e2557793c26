"""Spark on Amazon EMR: Serverless, or on a Kubernetes cluster of one's own (EMR on EKS)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from conductor.engines.spark_sizes import SparkSizes
from conductor.engines.submit.submission import Job, Phase, Submission, refused
from conductor.errors import FixTheConfiguration, RetryLater

SERVERLESS = {
    "SUBMITTED": Phase.WAITING,
    "PENDING": Phase.WAITING,
    "SCHEDULED": Phase.WAITING,
    "QUEUED": Phase.WAITING,
    "RUNNING": Phase.RUNNING,
    "SUCCESS": Phase.SUCCEEDED,
    "FAILED": Phase.FAILED,
    "CANCELLING": Phase.RUNNING,
    "CANCELLED": Phase.STOPPED,
}
CONTAINERS = {
    "PENDING": Phase.WAITING,
    "SUBMITTED": Phase.WAITING,
    "RUNNING": Phase.RUNNING,
    "COMPLETED": Phase.SUCCEEDED,
    "FAILED": Phase.FAILED,
    "CANCEL_PENDING": Phase.RUNNING,
    "CANCELLED": Phase.STOPPED,
}
IMAGE_OF_EKS = "spark.kubernetes.container.image"
GIB = 1024
TOO_MANY = ("ThrottlingException", "ServiceQuotaExceededException", "ConflictException")


@dataclass(frozen=True)
class EmrServerless:
    """An application of EMR Serverless. The image is a property of the application there, so a submission's own is not sent."""

    client: Any
    application_id: str
    role_arn: str

    def submit(self, submission: Submission) -> Job:
        """Start the job, as `Submitter.submit` says."""
        with _sorted("EMR Serverless"):
            started = self.client.start_job_run(
                applicationId=self.application_id,
                clientToken=submission.short_token,
                executionRoleArn=self.role_arn,
                name=submission.name,
                jobDriver={"sparkSubmit": _driver(submission, _whole(submission.sizes))},
                configurationOverrides=_defaults(submission, "spark.emr-serverless.driverEnv"),
                tags=dict(submission.tags),
                **_limit(submission),
            )
        return self.look(started["jobRunId"])

    def look(self, job_id: str) -> Job:
        """Give where the job stands."""
        with _sorted("EMR Serverless"):
            found = self.client.get_job_run(applicationId=self.application_id, jobRunId=job_id)["jobRun"]
        return _job(job_id, found["state"], SERVERLESS)

    def cancel(self, job_id: str) -> None:
        """Have it stopped."""
        if not self.look(job_id).over:
            with _sorted("EMR Serverless"):
                self.client.cancel_job_run(applicationId=self.application_id, jobRunId=job_id)


@dataclass(frozen=True)
class EmrOnEks:
    """A virtual cluster of EMR on EKS; `release` names EMR's version, such as `emr-7.9.0-latest`."""

    client: Any
    virtual_cluster_id: str
    role_arn: str
    release: str

    def submit(self, submission: Submission) -> Job:
        """Start the job, as `Submitter.submit` says."""
        with _sorted("EMR on EKS"):
            started = self.client.start_job_run(
                virtualClusterId=self.virtual_cluster_id,
                clientToken=submission.short_token,
                executionRoleArn=self.role_arn,
                releaseLabel=self.release,
                name=submission.name,
                jobDriver={"sparkSubmitJobDriver": _driver(submission, submission.sizes)},
                configurationOverrides=_defaults(submission, "spark.kubernetes.driverEnv", IMAGE_OF_EKS),
                tags=dict(submission.tags),
            )
        return self.look(started["id"])

    def look(self, job_id: str) -> Job:
        """Give where the job stands."""
        with _sorted("EMR on EKS"):
            found = self.client.describe_job_run(virtualClusterId=self.virtual_cluster_id, id=job_id)
        return _job(job_id, found["jobRun"]["state"], CONTAINERS)

    def cancel(self, job_id: str) -> None:
        """Have it stopped."""
        if not self.look(job_id).over:
            with _sorted("EMR on EKS"):
                self.client.cancel_job_run(virtualClusterId=self.virtual_cluster_id, id=job_id)


def emr_client(service: str, region: str, endpoint_url: str | None = None) -> Any:
    """Give a client of `emr-serverless` or `emr-containers`, with the identity of the pod or machine."""
    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
    return boto3.client(service, region_name=region, endpoint_url=endpoint_url, config=config)


def _whole(sizes: SparkSizes) -> SparkSizes:
    """Give as much beside each heap that both are whole GiB, at least two: EMR Serverless's workers of one core have 2 to 8 of them
    (its user guide, "Supported worker configurations").
    """

    def beside(heap: int, given: int) -> int:
        return max(2, -(-(heap + given) // GIB)) * GIB - heap

    return replace(
        sizes,
        driver_beside=beside(sizes.driver_heap, sizes.driver_beside),
        executor_beside=beside(sizes.executor_heap, sizes.executor_beside),
    )


def _driver(submission: Submission, sizes: SparkSizes) -> dict[str, object]:
    conf = {
        "spark.driver.cores": "1",
        "spark.driver.memory": f"{sizes.driver_heap}m",
        "spark.driver.memoryOverhead": f"{sizes.driver_beside}m",
        "spark.executor.cores": "1",
        "spark.executor.memory": f"{sizes.executor_heap}m",
        "spark.executor.memoryOverhead": f"{sizes.executor_beside}m",
        "spark.dynamicAllocation.enabled": "true",
        "spark.dynamicAllocation.minExecutors": "1",
        "spark.dynamicAllocation.maxExecutors": str(sizes.executors),
    }
    return {
        "entryPoint": submission.entrypoint,
        "sparkSubmitParameters": " ".join(f"--conf {name}={value}" for name, value in conf.items()),
    }


def _defaults(submission: Submission, env: str, image: str = "") -> dict[str, object]:
    """Give what people set as Spark's defaults: a value may hold anything there, and EMR Serverless looks up those that refer to
    a secret (`EMR.secret@…`).
    """
    properties = {
        **({image: submission.image} if image and submission.image else {}),
        **{f"{env}.{name}": value for name, value in submission.env.items()},
        **submission.spark_conf,
    }
    return {"applicationConfiguration": [{"classification": "spark-defaults", "properties": properties}]}


def _limit(submission: Submission) -> dict[str, int]:
    """Give when EMR Serverless is to end the job, in whole minutes; left out it takes twelve hours."""
    minutes = -(-submission.deadline_seconds // 60)
    return {"executionTimeoutMinutes": minutes} if minutes else {}


def _job(job_id: str, state: str, phases: Mapping[str, Phase]) -> Job:
    """Give the job; a state that is new to us is one that goes on."""
    return Job(job_id, phases.get(state, Phase.RUNNING), state)


@contextmanager
def _sorted(service: str) -> Generator[None]:
    """Turn errors of AWS within into ours. Their texts may quote what was asked, so only status and code are told."""
    try:
        yield
    except ClientError as error:
        answer: Mapping[str, Any] = error.response
        code = str(answer.get("Error", {}).get("Code", ""))
        status = (
            429 if code in TOO_MANY else int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        )
        raise refused(service, status, code) from None
    except NoCredentialsError:
        raise FixTheConfiguration(f"there are no credentials for {service}") from None
    except ParamValidationError:
        raise FixTheConfiguration(f"the job does not fit what {service} takes") from None
    except BotoCoreError as error:
        raise RetryLater(f"{service} does not answer ({type(error).__name__})") from None
