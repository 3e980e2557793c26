"""Prefect's server for a cluster: its version and clock, its work pools and deployments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import prefect
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import WorkPool, WorkPoolStatus
from prefect.client.schemas.responses import DeploymentResponse

from conductor.cli.checks.finding import Finding, note, ok, problem
from conductor.cli.checks.servers import clock
from conductor.cluster.pools import KUBERNETES, SPARK_SERVICE
from conductor.errors import RetryLater

POOLS = ("polars", "spark", "platform")
NEEDED = ("nightly",)
"""Deployments without which no night runs."""


def scheduler(namespace: str, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Ask the server that the surroundings name."""
    try:
        with get_client(sync_client=True) as client:
            yield from _server(client, now)
            pools = {pool.name: pool for pool in client.read_work_pools()}
            yield from _pools(pools, namespace)
            yield from _deployments(client.read_deployments(), pools)
    except (httpx.HTTPError, RuntimeError) as error:
        raise RetryLater(
            f"Prefect's API does not answer ({type(error).__name__})", next_command="prefect version"
        ) from None


def _server(client: SyncPrefectClient, now: Callable[[], datetime]) -> Iterator[Finding]:
    answer = client.request("GET", "/admin/version")
    theirs, ours = str(answer.json()), prefect.__version__
    if theirs == ours:
        yield ok("prefect", f"server and client are {ours}")
    else:
        yield problem(
            "prefect", f"the server is {theirs} and this client {ours}", f"pip install prefect=={theirs}"
        )
    if date := answer.headers.get("date"):
        yield clock(parsedate_to_datetime(date) - now(), "Prefect's server's")


def _pools(pools: dict[str, WorkPool], namespace: str) -> Iterator[Finding]:
    for name in POOLS:
        pool = pools.get(name)
        if pool is None:
            template = f"k8s/pools/{name}.json"
            command = f"prefect work-pool create {name} --type kubernetes --base-job-template {template}"
            yield problem("pools", f"there is no work pool {name}", command)
        elif pool.type != KUBERNETES and (name, pool.type) != ("spark", SPARK_SERVICE):
            yield problem(
                "pools", f"work pool {name} is of type {pool.type}", f"prefect work-pool delete {name}"
            )
        elif pool.is_paused:
            yield problem("pools", f"work pool {name} is paused", f"prefect work-pool resume {name}")
        elif (
            pool.type == KUBERNETES
            and (where := _properties(pool).get("namespace", {}).get("default")) != namespace
        ):
            told = f"work pool {name} starts its Jobs in {where or 'the namespace of its worker'}, not in {namespace}"
            yield problem(
                "pools", told, f"prefect work-pool update {name} --base-job-template k8s/pools/{name}.json"
            )
        elif pool.status is not WorkPoolStatus.READY:
            yield problem("pools", f"no worker polls work pool {name}", f"prefect worker start --pool {name}")
        else:
            where = f"Jobs in {namespace}" if pool.type == KUBERNETES else "jobs at a service"
            yield ok("pools", f"{name}: a worker polls it, {where}")


def _deployments(found: Sequence[DeploymentResponse], pools: dict[str, WorkPool]) -> Iterator[Finding]:
    names = {deployment.name for deployment in found}
    for name in NEEDED:
        if name not in names:
            yield problem("deployments", f"there is no deployment {name}", "prefect deploy --all")
    for deployment in found:
        yield from _deployment(deployment, pools)


def _deployment(deployment: DeploymentResponse, pools: dict[str, WorkPool]) -> Iterator[Finding]:
    """A job variable that the pool's template does not know is left out without a word when a run starts."""
    pool = pools.get(deployment.work_pool_name or "")
    if pool is None:
        told = f"deployment {deployment.name} names the work pool {deployment.work_pool_name}, which is not there"
        yield problem("deployments", told, "prefect deploy --all")
        return
    unknown = sorted(
        name for name in deployment.job_variables or {} if name.partition(".")[0] not in _properties(pool)
    )
    if unknown:
        told = (
            f"deployment {deployment.name} sets {', '.join(unknown)}, of which pool {pool.name} knows nothing"
        )
        yield problem("deployments", told, f"prefect work-pool inspect {pool.name}")
    elif deployment.paused:
        yield note(
            "deployments", f"{deployment.name} is paused", f"prefect deployment schedule ls {deployment.name}"
        )
    else:
        yield ok("deployments", f"{deployment.name} in pool {pool.name}")


def _properties(pool: WorkPool) -> dict[str, Any]:
    return pool.base_job_template.get("variables", {}).get("properties", {})
