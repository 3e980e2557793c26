"""Flow runs, as Prefect's API has them, for the reconciler of the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
    WorkPoolFilterType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkPool
from prefect.states import Scheduled

from conductor.cluster.memory import mib
from conductor.cluster.pools import KUBERNETES
from conductor.cluster.runs import FINAL, Run, RunState
from conductor.errors import StopAndCall

LARGER_OF = "larger-of:"
PAGE = 200
BY_NAME: Final = "/deployments/name/{flow_name}/{deployment_name}"
AT_WORK = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
WAITING = ("AwaitingRetry", "Late")


class Runs:
    """The flow runs whose Jobs are in one namespace: those of the Kubernetes work pools that start them there."""

    def __init__(self, client: SyncPrefectClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def read(
        self, of_jobs: Iterable[str], of_attempts: Iterable[str], crashed_since: datetime
    ) -> tuple[Run, ...]:
        """Give the runs that are at work, wait for something or crashed lately, and those of these ids; a deleted one is left out.

        A run that has an attempt in the ledger counts only if it is one of this namespace; one that has a Job here is.
        """
        found = {run.id: run for run in self._in_pools(crashed_since) if self._here(run)}
        found |= {
            run.id: run for run in self._named(of_attempts) if run.infrastructure_pid and self._here(run)
        }
        found |= {run.id: run for run in self._named(of_jobs)}
        names = self._names({run.deployment_id for run in found.values() if run.deployment_id})
        return tuple(_run(run, run.state, names) for run in found.values() if run.state)

    def end(self, run_id: str, state: str, message: str) -> bool:
        """Give a run its final state unless it has one already; say whether it was given."""
        run = self._client.read_flow_run(UUID(run_id))
        if run.state and RunState(run.state.type.value) in FINAL:
            return False
        self._client.set_flow_run_state(run.id, State[Any](type=StateType(state), message=message))
        now = self._client.read_flow_run(run.id).state
        return bool(now and now.type.value == state)

    def resubmit(self, run_id: str) -> None:
        """Have a worker start the run anew, as the same run. Repeats: it waits for a worker already."""
        run = self._client.read_flow_run(UUID(run_id))
        policy = run.empirical_policy.model_copy(update={"retry_type": "reschedule"})
        self._client.update_flow_run(run.id, empirical_policy=policy)
        self._client.set_flow_run_state(run.id, Scheduled(), force=True)

    def repeat_larger(self, run_id: str, memory_mib: int) -> str:
        """Start the run's work once more with this memory, and give the new run's id. Repeats: it is the same run.

        It is due when the first one was: the business day of a nightly run comes from that.
        """
        run = self._client.read_flow_run(UUID(run_id))
        if run.deployment_id is None:
            raise StopAndCall(f"flow run {run.name} has no deployment and cannot be repeated")
        again = self._client.create_flow_run_from_deployment(
            run.deployment_id,
            parameters=run.parameters,
            state=Scheduled(scheduled_time=run.expected_start_time),
            tags=[*run.tags, f"{LARGER_OF}{run_id}"],
            idempotency_key=f"{run_id}:larger",
            job_variables=(run.job_variables or {}) | _memory(memory_mib),
        )
        return str(again.id)

    def memory(self, deployments: Iterable[str]) -> dict[str, int]:
        """Give the memory with which runs of these deployments start, in MiB, where pool or deployment says it."""
        found: dict[str, int] = {}
        for name in deployments:
            if known := self._deployed(name):
                text = known[1].get("memory_limit") or self._default_memory(known[2])
                found[name] = mib(str(text)) or 0
        return found

    def resize(self, deployment: str, memory_mib: int) -> None:
        """Let later runs of a deployment start with this memory; what else its job variables say stays."""
        if known := self._deployed(deployment):
            body = {"job_variables": known[1] | _memory(memory_mib)}
            self._client.request("PATCH", "/deployments/{id}", path_params={"id": known[0]}, json=body)

    def _deployed(self, name: str) -> tuple[UUID, dict[str, Any], str] | None:
        """Give id, job variables and pool of a deployment."""
        flow, _, deployment = name.partition("/")
        words = {"flow_name": flow, "deployment_name": deployment}
        try:
            answer = self._client.request("GET", BY_NAME, path_params=words)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == 404:
                return None
            raise
        found: dict[str, Any] = answer.json()
        return UUID(found["id"]), found.get("job_variables") or {}, found.get("work_pool_name") or ""

    def _default_memory(self, pool: str) -> str:
        return _default(self._client.read_work_pool(pool), "memory_limit") if pool else ""

    def _here(self, run: FlowRun) -> bool:
        """Say whether its Job is, or will be, in the namespace."""
        return not run.infrastructure_pid or run.infrastructure_pid.startswith(f"{self._namespace}:")

    def _in_pools(self, crashed_since: datetime) -> list[FlowRun]:
        kind = WorkPoolFilter(type=WorkPoolFilterType(any_=[KUBERNETES]))
        found = self._client.read_work_pools(work_pool_filter=kind)
        ours = [pool.name for pool in found if _default(pool, "namespace") == self._namespace]
        if not ours:
            return []
        pools = WorkPoolFilter(name=WorkPoolFilterName(any_=ours))
        work = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*AT_WORK])))
        wait = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=[*WAITING])))
        crashed = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED])),
            end_time=FlowRunFilterEndTime.model_validate({"after_": crashed_since}),
        )
        return [run for wanted in (work, wait, crashed) for run in self._pages(wanted, pools)]

    def _named(self, ids: Iterable[str]) -> list[FlowRun]:
        wanted = [UUID(text) for text in ids if _is_id(text)]
        parts = [wanted[start : start + PAGE] for start in range(0, len(wanted), PAGE)]
        return [run for part in parts for run in self._pages(FlowRunFilter(id=FlowRunFilterId(any_=part)))]

    def _pages(self, wanted: FlowRunFilter, pools: WorkPoolFilter | None = None) -> list[FlowRun]:
        found: list[FlowRun] = []
        while True:
            page = self._client.read_flow_runs(
                flow_run_filter=wanted, work_pool_filter=pools, limit=PAGE, offset=len(found)
            )
            found += page
            if len(page) < PAGE:
                return found

    def _names(self, ids: set[UUID]) -> dict[UUID, str]:
        """Give the names of deployments as people type them: flow/deployment."""
        if not ids:
            return {}
        wanted = DeploymentFilter(id=DeploymentFilterId(any_=[*ids]))
        found = self._client.read_deployments(deployment_filter=wanted)
        flows = {each.flow_id for each in found}
        names = {flow_id: self._client.read_flow(flow_id).name for flow_id in flows}
        return {each.id: f"{names[each.flow_id]}/{each.name}" for each in found}


def _run(run: FlowRun, state: State[Any], names: dict[UUID, str]) -> Run:
    return Run(
        id=str(run.id),
        name=run.name,
        state=RunState(state.type.value),
        state_name=state.name or state.type.value,
        since=state.timestamp,
        due=run.expected_start_time,
        said=state.message or "",
        deployment=names.get(run.deployment_id, "") if run.deployment_id else "",
        product=_product(run.parameters),
        larger_of=_larger_of(run.tags),
    )


def _product(parameters: dict[str, Any]) -> str:
    return str(parameters.get("product") or "")


def _larger_of(tags: Sequence[str]) -> str:
    return next((tag.removeprefix(LARGER_OF) for tag in tags if tag.startswith(LARGER_OF)), "")


def _default(pool: WorkPool, variable: str) -> str:
    """Give what a pool's template says of a variable; empty if nothing."""
    properties = pool.base_job_template.get("variables", {}).get("properties", {})
    return str(properties.get(variable, {}).get("default", ""))


def _memory(memory_mib: int) -> dict[str, str]:
    return {"memory_request": f"{memory_mib}Mi", "memory_limit": f"{memory_mib}Mi"}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
