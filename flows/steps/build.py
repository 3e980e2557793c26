"""Let dbt build and test the marts that depend on what was loaded."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from conductor import zones
from conductor.errors import FixTheData
from conductor.ledger import Event
from conductor.values import Built, Loaded, State
from conductor.warehouses.build import BuildResult
from conductor.warehouses.build import build as run_dbt
from conductor.warehouses.project import project_with
from conductor.workspace import DBT_PROJECT
from flows.steps.facts import data_ready
from flows.steps.leased import leased
from flows.steps.opening import EMBEDDED
from flows.steps.step import step
from flows.steps.turn import Turn


def _events(turn: Turn, built: Built) -> tuple[Event, ...]:
    return (data_ready(turn, built),)


@step(Built, state=State.BUILT, events=_events)
def build(turn: Turn, loaded: Loaded) -> Built:
    """Build and test what depends on the product, for all days loaded since the last build; then swap the readers' copy.

    One build at a time, by lease, for which it waits. Repeats: the days are built again from what is loaded, to the same result.
    """
    workspace, warehouse = turn.workspace, turn.workspace.warehouse
    ttl = timedelta(seconds=workspace.settings.lease_seconds)
    with leased(workspace, "build", ttl, wait=True) as lease:
        with warehouse.building():
            pending = warehouse.pending()
            days = sorted({day for entry in pending for day in entry.days} | {loaded.batch.slot.day})
            result = _run_dbt(turn, tuple(days))
        workspace.ledger.ensure(lease)
        through = max([entry.sequence for entry in pending] + [loaded.sequence])
        warehouse.mark_built(through)
        warehouse.swap_read_copy()
    return Built(
        batch=loaded.batch, models=result.models, tests=result.tests, days=tuple(days), through=through
    )


def _run_dbt(turn: Turn, days: tuple[date, ...]) -> BuildResult:
    """Build what is made of the product, in a folder that may be empty at every start."""
    workspace, contract = turn.workspace, turn.product.contract
    work = workspace.home / "dbt"
    contracts = (product.contract for product in workspace.products.values())
    try:
        return run_dbt(
            workspace.warehouse.build_target(),
            project_with(DBT_PROJECT, contracts, work / "project"),
            work,
            f"source:{contract.schema}.{contract.table}+",
            days,
        )
    except FixTheData as error:
        if workspace.name != EMBEDDED:
            error.next_command = f"read {_kept_log(turn, work)} in the lake"
        raise


def _kept_log(turn: Turn, work: Path) -> str:
    """Put dbt's log where it outlives the pod; give its key."""
    key = zones.docs("builds", f"{turn.slot.day.isoformat()}-{turn.workspace.run_id}.log")
    turn.workspace.lake.put(key, (work / "logs" / "dbt.log").read_bytes())
    return key
