"""Sources side by side: each is extracted by a run of its own, and a failing one neither stops nor undoes the others."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import cast

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from conductor import errors
from conductor.errors import ConductorError, FixTheConfiguration, RetryLater
from conductor.ledger import ErrorRecord
from conductor.sources.named import named_sources
from conductor.values import Slot
from conductor.workspace import Workspace
from flows.steps.night import Night, business_day, telling
from flows.steps.opening import utc_now
from flows.steps.this_run import workspace_of_run

EXTRACTION = "source-extract/extract"
POLL_SECONDS = 2.0
CLASSES = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}


class Together(Night):
    """A night of several sources; `sources` says which slots each of them fills."""

    def __init__(self, workspace: Workspace, day: date, sources: Mapping[str, tuple[Slot, ...]]) -> None:
        first = next(iter(sources.values()))[0]
        super().__init__(workspace, first.dataset, day)
        self.sources = sources

    @contextmanager
    def apart(self, slot: Slot) -> Generator[None]:
        """Let a slot fail without the others, whatever is wrong with it."""
        try:
            yield
        except ConductorError as error:
            self.failed.append((slot, error))


@contextmanager
def together(workspace: str, day: date | None, sources: Sequence[str] | None) -> Generator[Together]:
    """Open the workspace for a night of several sources; what failed is told once, when all of it is over, and raised."""
    scheduled = flow_run.scheduled_start_time or utc_now()
    with workspace_of_run(workspace) as opened:
        settled = business_day(day, scheduled, opened.settings)
        tonight = Together(opened, settled, slots_by_source(opened, settled, sources))
        with telling(tonight, tonight.slot, "conductor status"):
            yield tonight


@contextmanager
def one_source(workspace: str, source: str, day: date) -> Generator[Together]:
    """Open the workspace for one source of such a night. The night tells of it; here the first failure is only raised."""
    with workspace_of_run(workspace) as opened:
        today = Together(opened, day, slots_by_source(opened, day, [source]))
        yield today
        if today.failed:
            raise today.failed[0][1]


def slots_by_source(
    workspace: Workspace, day: date, asked: Sequence[str] | None
) -> Mapping[str, tuple[Slot, ...]]:
    """Give the day's slots of each source that a product is read from, or of those asked for; one without products is refused."""
    found: dict[str, list[Slot]] = {}
    known = named_sources(workspace.settings)
    for product in workspace.products.values():
        if product.contract.source not in known:
            continue  # its records arrive as files
        slot = Slot(dataset=product.contract.dataset, day=day)
        found.setdefault(product.contract.source, []).append(slot)
    for name in asked or ():
        if name not in found:
            there = ", ".join(sorted(found))
            raise FixTheConfiguration(f"no product is read from a source {name!r}; there are: {there}")
    return {name: tuple(slots) for name, slots in sorted(found.items()) if not asked or name in asked}


def side_by_side(tonight: Together) -> tuple[Slot, ...]:
    """Have all sources extracted at the same time, each by a run of its own, and give the slots that are ready to go on.

    Waits for all of them. Repeats: the same runs are waited for, as long as this one is the same.
    """
    started = {name: _start(tonight, name) for name in tonight.sources}
    with get_client(sync_client=True) as client:
        ended = {name: _wait(client, run) for name, run in started.items()}
    for name, run in ended.items():
        if not (run.state and run.state.is_completed()):
            tonight.failed.append(_failure(tonight, name, run))
    lost = {slot.id for slot, _ in tonight.failed}
    well = [name for name, slots in tonight.sources.items() if lost.isdisjoint(slot.id for slot in slots)]
    tonight.slots = [slot for name in well for slot in tonight.sources[name]]
    return tuple(tonight.slots)


def _start(tonight: Together, source: str) -> FlowRun:
    workspace = tonight.workspace
    parameters = {"source": source, "day": tonight.day.isoformat(), "workspace": workspace.name}
    try:
        run = run_deployment(
            EXTRACTION,
            parameters=parameters,
            timeout=0,
            idempotency_key=f"{workspace.run_id}:{source}",
            flow_run_name=f"extract {source} {tonight.day.isoformat()}",
        )
    except ObjectNotFound:
        raise FixTheConfiguration(
            f"there is no deployment {EXTRACTION} that could extract a source",
            next_command="prefect deploy --all",
        ) from None
    return cast(FlowRun, run)


def _wait(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """Wait for a run's end; its deadline is the reconciler's matter."""
    while not (run.state and run.state.is_final()):
        time.sleep(POLL_SECONDS)
        run = client.read_flow_run(run.id)
    return run


def _failure(tonight: Together, source: str, run: FlowRun) -> tuple[Slot, ConductorError]:
    """Say what went wrong with a source as its own run wrote it into the ledger or, where it came to that, as Prefect has it."""
    for attempt in tonight.workspace.ledger.attempts_of(str(run.id)):
        if attempt.error:
            return attempt.slot, _as_raised(attempt.error)
    ended = f"{run.state.name}: {run.state.message}" if run.state else "without a word"
    told = RetryLater(f"the source {source} was not extracted; its run ended {ended}")
    told.next_command = f"conductor explain {run.id}"
    return tonight.sources[source][0], told


def _as_raised(said: ErrorRecord) -> ConductorError:
    kind = CLASSES.get(said.error_class, RetryLater)
    made = (kind if issubclass(kind, ConductorError) else RetryLater)(said.sentence)
    made.next_command, made.step = said.next_command, said.step
    return made
