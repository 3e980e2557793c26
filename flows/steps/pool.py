"""The runs that refine batches in the Spark pool, as Prefect knows them: to start one, and to see whether it is over.

What such a run did stands in the ledger; nothing here is evidence.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import cast
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Crashed

from conductor.engines.choose import EngineName
from conductor.engines.spark_sizes import SparkSizes
from conductor.errors import FixTheConfiguration, RetryLater
from conductor.values import Batch

DEPLOYMENT = "refine-batch/refine"


@dataclass(frozen=True)
class Child:
    """A run of the deployment. `state` is Prefect's word for where it stands, `said` what it says of that; `over` that nothing more
    comes of it.
    """

    id: str
    name: str
    state: str
    over: bool
    said: str = ""


def start(batch: Batch, workspace: str, engine: EngineName | None, sizes: SparkSizes) -> Child:
    """Have a run refine the batch: the one that is on its way already, or a new one.

    Workspace and batch are the key by which another process finds it. A key whose run is over is used up, so the next one counts on:
    all who ask at the same time still ask for the same. Where Prefect does not answer it is `RetryLater`; a deployment that does
    not exist is `FixTheConfiguration`.
    """
    for number in count(1):
        key = f"{workspace}-{batch.id}-{number}"
        with _answering():
            found = run_deployment(
                DEPLOYMENT,
                parameters={
                    "batch": batch.id,
                    "workspace": workspace,
                    "engine": engine,
                    "memory_class": sizes.memory_class,
                },
                flow_run_name=f"refine {batch.slot.id}",
                idempotency_key=key,
                job_variables=sizes.job_variables(),
                as_subflow=False,  # it outlives this run
                timeout=0,
            )
        if not (child := _child(cast(FlowRun, found))).over:
            return child
    raise AssertionError("numbers never end")


def look(child: Child) -> Child:
    """Give where the run stands now; `RetryLater` where Prefect does not say."""
    try:
        with _answering(), get_client(sync_client=True) as client:
            return _child(client.read_flow_run(UUID(child.id)))
    except FixTheConfiguration:
        return Child(child.id, child.name, "Deleted", over=True)


def give_up(child: Child, sentence: str) -> None:
    """Have a run that lost its lease and is silent count as crashed, so that its key is used up."""
    with _answering(), get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(child.id), Crashed(message=sentence), force=True)


def _child(run: FlowRun) -> Child:
    state = run.state
    return Child(
        str(run.id),
        run.name,
        state.name or state.type.value if state else "",
        bool(state and state.is_final()),
        (state.message or "") if state else "",
    )


@contextmanager
def _answering() -> Generator[None]:
    try:
        yield
    except ObjectNotFound:
        raise FixTheConfiguration(
            f"Spark runs in a pool, and there is no deployment {DEPLOYMENT}",
            next_command="prefect deploy --all",
        ) from None
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        raise RetryLater(
            f"Prefect's API does not start runs now ({type(error).__name__})", next_command="prefect version"
        ) from None
