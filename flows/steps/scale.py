"""Let more runs of a work pool run at once where runs wait, and fewer where none do."""

from __future__ import annotations

from datetime import datetime

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from conductor.errors import FixTheConfiguration
from conductor.scaling import Bounds, Load, Scaled, scale
from flows.steps.opening import utc_now

HAS_A_PLACE = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
"""What Prefect counts against a pool's limit."""
WAITS_FOR_ITS_DEPLOYMENT = ["AwaitingConcurrencySlot"]
"""Held back by its deployment's own limit: more room in the pool would not help."""


def scale_pool(pool: str, bounds: Bounds) -> Scaled | None:
    """Set the pool's limit by how many runs wait; give what was set, None where nothing was.

    A pool that does not exist is `FixTheConfiguration`. Repeats: the limit is right already.
    """
    with get_client(sync_client=True) as client:
        try:
            scaled = scale(load_of(client, pool, utc_now()), bounds)
        except ObjectNotFound:
            raise FixTheConfiguration(
                f"there is no work pool {pool}", next_command="prefect work-pool ls"
            ) from None
        if scaled:
            client.update_work_pool(pool, WorkPoolUpdate(concurrency_limit=scaled.limit))
        return scaled


def load_of(client: SyncPrefectClient, pool: str, now: datetime) -> Load:
    """Count the pool's runs."""
    due = FlowRunFilter(
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]),
            name=FlowRunFilterStateName(not_any_=WAITS_FOR_ITS_DEPLOYMENT),
        ),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime.model_validate({"before_": now}),
    )
    placed = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=HAS_A_PLACE)))
    there = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    return Load(
        pool=pool,
        limit=client.read_work_pool(pool).concurrency_limit,
        waiting=client.count_flow_runs(flow_run_filter=due, work_pool_filter=there),
        running=client.count_flow_runs(flow_run_filter=placed, work_pool_filter=there),
    )
