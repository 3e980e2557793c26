"""Flow runs of a real Prefect server, as the reconciler reads and ends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import AwaitingRetry, Late, Pending, Running, Scheduled
from servers.prefect import PrefectServer

from conductor.cluster.runs import Run, RunState
from flows.steps.prefect_runs import Runs

TEMPLATE = {
    "job_configuration": {"namespace": "{{ namespace }}"},
    "variables": {
        "properties": {
            "namespace": {"type": "string", "default": "flows"},
            "memory_limit": {"type": "string", "default": "512Mi"},
            "memory_request": {"type": "string", "default": "512Mi"},
        }
    },
}
JUST_NOW = datetime.now(UTC) - timedelta(seconds=1)


@flow(name="a-night")
def a_night(product: str = "") -> None:
    del product


@dataclass
class Place:
    """A client, a deployment in a pool of the namespace `flows`, and what reads its runs."""

    client: SyncPrefectClient
    deployment: UUID
    name: str
    pool: str
    runs: Runs

    def run(self, *states: State[Any], **more: Any) -> FlowRun:
        """Make a run and take it through these states."""
        made = self.client.create_flow_run_from_deployment(self.deployment, **more)
        for state in states:
            self.client.set_flow_run_state(made.id, state, force=True)
        return self.client.read_flow_run(made.id)

    def named(self, run_id: str) -> Run:
        """Give one run as the reconciler sees it."""
        return next(run for run in self.runs.read([run_id], (), JUST_NOW) if run.id == run_id)

    def seen(self, *ids: str) -> dict[str, RunState]:
        return {run.id: run.state for run in self.runs.read(ids, (), JUST_NOW)}


@pytest.fixture
def place(prefect_server: PrefectServer) -> Iterator[Place]:
    with SyncPrefectClient(prefect_server.url) as client:
        pool, name = f"pool-{uuid4().hex[:8]}", f"night-{uuid4().hex[:8]}"
        client.create_work_pool(WorkPoolCreate(name=pool, type="kubernetes", base_job_template=TEMPLATE))
        deployment = client.create_deployment(
            client.create_flow(a_night), name, work_pool_name=pool, job_variables={"image": "conductor:1"}
        )
        yield Place(client, deployment, f"a-night/{name}", pool, Runs(client, "flows"))


def test_runs_at_work_are_seen_and_final_ones_only_when_named(place: Place) -> None:
    going, waiting = place.run(Pending(), Running()), place.run(Scheduled())
    over = place.run(State(type=StateType.COMPLETED))
    seen = place.seen()
    assert seen[str(going.id)] is RunState.RUNNING
    assert not {str(waiting.id), str(over.id)} & seen.keys()
    assert place.seen(str(over.id))[str(over.id)] is RunState.COMPLETED
    assert str(uuid4()) not in place.seen(str(uuid4()), "no id at all")


def test_a_run_that_crashed_lately_is_seen_though_nothing_of_it_is_left(place: Place) -> None:
    crashed = place.run(Pending(), Running(), State(type=StateType.CRASHED))
    failed = place.run(Pending(), Running(), State(type=StateType.FAILED))
    now = datetime.now(UTC)
    lately = {run.id for run in place.runs.read((), (), now - timedelta(minutes=5))}
    assert str(crashed.id) in lately
    assert str(failed.id) not in lately
    assert str(crashed.id) not in {run.id for run in place.runs.read((), (), now + timedelta(minutes=5))}


def test_a_run_whose_job_is_in_another_namespace_is_not_ours(place: Place) -> None:
    going = place.run(Pending(), Running())
    place.client.update_flow_run(going.id, infrastructure_pid="other:job-1")
    assert str(going.id) not in place.seen()
    place.client.update_flow_run(going.id, infrastructure_pid="flows:job-1")
    assert str(going.id) in place.seen()
    assert str(going.id) not in {run.id for run in Runs(place.client, "other").read((), (), JUST_NOW)}


def test_a_run_says_its_deployment_product_and_message(place: Place) -> None:
    made = place.run(
        State(type=StateType.CRASHED, message="killed"), parameters={"product": "sales/daily_sales"}
    )
    run = place.named(str(made.id))
    assert (run.deployment, run.product, run.said) == (place.name, "sales/daily_sales", "killed")


def test_a_run_gets_its_end_and_a_final_one_keeps_its_own(place: Place) -> None:
    going = place.run(Pending(), Running())
    assert place.runs.end(str(going.id), "CRASHED", "out of memory. See docs")
    now = place.client.read_flow_run(going.id).state
    assert now
    assert (now.type, now.message) == (StateType.CRASHED, "out of memory. See docs")
    assert not place.runs.end(str(going.id), "CANCELLED", "later")
    assert place.seen(str(going.id))[str(going.id)] is RunState.CRASHED


@pytest.mark.parametrize("before", [StateType.PENDING, StateType.CANCELLING])
def test_a_pending_or_cancelling_run_is_cancelled(place: Place, before: StateType) -> None:
    stuck = place.run(Pending(), State(type=before))
    assert place.runs.end(str(stuck.id), "CANCELLED", "its image cannot be pulled")


def test_waiting_runs_are_seen_and_can_be_scheduled_again(place: Place) -> None:
    due = datetime.now(UTC) - timedelta(minutes=20)
    retry, late = place.run(AwaitingRetry(scheduled_time=due)), place.run(Late(scheduled_time=due))
    found = {run.id: run for run in place.runs.read((), (), JUST_NOW)}
    assert found[str(retry.id)].state_name == "AwaitingRetry"
    assert found[str(late.id)].state_name == "Late"
    place.runs.resubmit(str(retry.id))
    now = place.client.read_flow_run(retry.id)
    assert now.state
    assert now.state.name == "Scheduled"
    assert now.empirical_policy.retry_type == "reschedule"


def test_a_larger_repetition_is_one_run_however_often_it_is_asked_for(place: Place) -> None:
    due = datetime.now(UTC) - timedelta(hours=3)
    first = place.run(
        State(type=StateType.CRASHED),
        state=Scheduled(scheduled_time=due),
        parameters={"product": "sales/daily_sales"},
        job_variables={"image": "conductor:2", "memory_limit": "512Mi"},
    )
    ids = {place.runs.repeat_larger(str(first.id), 768) for _ in range(2)}
    (again,) = (place.client.read_flow_run(UUID(found)) for found in ids)
    assert again.parameters == first.parameters
    assert again.expected_start_time == first.expected_start_time
    assert again.job_variables == {"image": "conductor:2", "memory_limit": "768Mi", "memory_request": "768Mi"}
    run = place.named(*ids)
    assert run.larger_of == str(first.id)


def test_a_deployment_is_resized_and_keeps_its_other_variables(place: Place) -> None:
    assert place.runs.memory([place.name]) == {place.name: 512}
    place.runs.resize(place.name, 768)
    assert place.runs.memory([place.name]) == {place.name: 768}
    found = place.client.read_deployment(place.deployment)
    assert found.job_variables == {"image": "conductor:1", "memory_limit": "768Mi", "memory_request": "768Mi"}
    assert found.work_pool_name == place.pool


def test_a_deployment_that_is_gone_has_no_memory(place: Place) -> None:
    assert place.runs.memory(["a-night/never-was"]) == {}
