"""The worker of a pool whose runs are jobs at a service that runs Spark: EMR Serverless, EMR on EKS, Databricks.

A run of such a pool is the same run of the same deployment as one in a pod: the job carries it out, in the service's driver. Two
submissions of one run are one job. What the run did stands in the ledger; what comes of the job only tells whether it still may.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import anyio
import httpx
from anyio.abc import TaskStatus
from anyio.to_thread import run_sync
from prefect.client.schemas.objects import FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult
from pydantic import ConfigDict, Field

from conductor.cluster.objects import DEADLINE, deadline_seconds
from conductor.cluster.pools import COST, ENVIRONMENT, SPARK_SERVICE
from conductor.engines.spark_cluster import GIVEN
from conductor.engines.spark_sizes import (
    DRIVER_BESIDE,
    DRIVER_HEAP,
    EXECUTOR_BESIDE,
    EXECUTOR_HEAP,
    SparkSizes,
)
from conductor.engines.submit.services import Place, open_service
from conductor.engines.submit.submission import Phase, Submission
from conductor.errors import FixTheConfiguration, RetryLater

V = TypeVar("V")
OF_PREFECT = ("PREFECT_API_URL", "PREFECT__FLOW_RUN_ID")
"""What a job has to know of Prefect. All else that a worker hands to its runs may hold the API's credentials."""
SECRET_NAME = re.compile(r"(auth.?string|key|secret|password|token)$", re.IGNORECASE)
SECRET_IN_ADDRESS = re.compile(r"://[^/@]+:[^/@]+@")
REFERENCES = ("EMR.secret@", "{{secrets/")
"""How a value begins that a service looks up in its own store of secrets."""
ENTRYPOINT = "local:///opt/conductor/k8s/spark/run_flow.py"


def _cost(name: str) -> str:
    """Give the field of a variable by which costs are told apart."""
    value, said = COST[name]
    return Field(value, description=f"{said}; a tag of the job.")


class SparkServiceVariables(BaseVariables):
    """What can be said for a pool, a deployment and a run."""

    service: Place = Field(title="Service", description="Which service runs the jobs, and where it is.")
    entrypoint: str = Field(
        ENTRYPOINT,
        description="Address, as the service takes it, of the Python file that starts the run: k8s/spark/run_flow.py.",
    )
    image: str = Field(
        "", description="Container image with our code, where the service takes one with each job."
    )
    env: dict[str, str | None] = Field(
        default={**ENVIRONMENT, "CONDUCTOR_SPARK_MASTER": GIVEN},
        title="Environment Variables",
        description="What the driver finds in its environment. A secret stands there as a reference.",
    )
    spark_conf: dict[str, str] = Field({}, description="More settings of Spark.")
    driver_heap: int = Field(DRIVER_HEAP, ge=256, description="Heap of the driver, in MiB.")
    driver_beside: int = Field(DRIVER_BESIDE, ge=256, description="Memory beside it, in MiB.")
    executor_heap: int = Field(EXECUTOR_HEAP, ge=256, description="Heap of an executor, in MiB.")
    executor_beside: int = Field(EXECUTOR_BESIDE, ge=256, description="Memory beside it, in MiB.")
    executors: int = Field(1, ge=1, description="How many executors there may be at most.")
    annotations: dict[str, str] = Field(
        {}, description=f"`{DEADLINE}` is when the service is to end the job."
    )
    project: str = _cost("project")
    owner: str = _cost("owner")
    cost_center: str = _cost("cost_center")
    compliance: str = _cost("compliance")
    poll_seconds: float = Field(15.0, gt=0, description="Pause between two looks at the job.")


class SparkServiceJob(BaseJobConfiguration):
    """What is said of one run, after pool, deployment and run were laid over each other."""

    model_config = ConfigDict(hide_input_in_errors=True)

    service: Place
    entrypoint: str
    image: str = ""
    spark_conf: dict[str, str]
    driver_heap: int
    driver_beside: int
    executor_heap: int
    executor_beside: int
    executors: int
    annotations: dict[str, str]
    tags: dict[str, str] = Field(
        json_schema_extra={"template": {name.replace("_", "-"): f"{{{{ {name} }}}}" for name in COST}}
    )
    poll_seconds: float

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Any = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """Complete it for a run; the environment is what the pool says, and what a job has to know of Prefect."""
        said = dict(self.env)
        super().prepare_for_flow_run(flow_run, deployment, flow, work_pool, worker_name, worker_id)
        self.env = {name: self.env[name] for name in OF_PREFECT if name in self.env} | said

    def submission(self, flow_run: FlowRun) -> Submission:
        """Give the job of a run. A secret that would stand in it in clear is `FixTheConfiguration`."""
        env = {name: value for name, value in self.env.items() if value is not None}
        for name, value in (env | self.spark_conf).items():
            secret = SECRET_NAME.search(name) or SECRET_IN_ADDRESS.search(value)
            if secret and not value.startswith(REFERENCES):
                raise FixTheConfiguration(
                    f"{name} would stand in clear in the job of run {flow_run.name!r}; give it as a reference to the service's secrets",
                    next_command="prefect work-pool inspect spark",
                )
        return Submission(
            name=self.name or flow_run.name,
            token=str(flow_run.id),
            entrypoint=self.entrypoint,
            sizes=SparkSizes(
                self.driver_heap,
                self.driver_beside,
                self.executor_heap,
                self.executor_beside,
                self.executors,
                memory_class=0,
                reason="",
            ),
            image=self.image,
            env=env,
            spark_conf=self.spark_conf,
            tags=self.tags,
            deadline_seconds=deadline_seconds(self.annotations) or 0,
        )


class SparkServiceResult(BaseWorkerResult):
    """How a job ended: status 0 if it succeeded; `identifier` is its id at the service."""


class SparkServiceWorker(BaseWorker[SparkServiceJob, SparkServiceVariables, SparkServiceResult]):
    """`prefect worker start --pool spark --type spark-service`: submits each run as a job and watches it until it is over."""

    type = SPARK_SERVICE
    job_configuration = SparkServiceJob
    job_configuration_variables = SparkServiceVariables
    _description = "Run flows as jobs at a service that runs Spark: EMR Serverless, EMR on EKS, Databricks."
    _display_name = "Spark at a service"

    async def run(
        self,
        flow_run: FlowRun,
        configuration: SparkServiceJob,
        task_status: TaskStatus[Any] | None = None,
    ) -> SparkServiceResult:
        """Submit the run, and watch its job. A run that is cancelled takes its job with it."""
        service = open_service(configuration.service, os.environ)
        job = await run_sync(service.submit, configuration.submission(flow_run))
        logger = self.get_flow_run_logger(flow_run)
        logger.info("Job %s of %s: %s %s", job.id, configuration.service.service, job.word, job.page)
        if task_status:
            task_status.started(job.id)
        while not job.over:
            await anyio.sleep(configuration.poll_seconds)
            job = await _answered(service.look, job.id, job)
            if not job.over and await self._is_cancelled(flow_run):
                await _answered(service.cancel, job.id, None)
        logger.info("Job %s of %s is over: %s", job.id, configuration.service.service, job.word)
        done = job.phase is Phase.SUCCEEDED
        if not done and await self._is_cancelled(flow_run):
            await self._mark_flow_run_as_cancelled(flow_run, {"message": f"cancelled, with job {job.id}"})
            done = True
        return SparkServiceResult(status_code=0 if done else 1, identifier=job.id)

    async def kill_infrastructure(
        self, infrastructure_pid: str, configuration: SparkServiceJob, grace_seconds: int = 30
    ) -> None:
        """Cancel the job of a run that has not begun; Prefect calls it. The service has a grace of its own."""
        del grace_seconds
        await run_sync(open_service(configuration.service, os.environ).cancel, infrastructure_pid)

    async def _is_cancelled(self, flow_run: FlowRun) -> bool:
        """Say whether the run is to be cancelled; while Prefect does not answer, it is not."""
        try:
            state = (await self.client.read_flow_run(flow_run.id)).state
        except httpx.HTTPError:
            return False
        return bool(state and state.is_cancelling())


async def _answered(ask: Callable[[str], V], job_id: str, otherwise: V) -> V:
    """Ask the service about a job; while it does not answer, `otherwise` is how things stand."""
    try:
        return await run_sync(ask, job_id)
    except RetryLater:
        return otherwise
