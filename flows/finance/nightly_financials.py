"""The nightly financial pipeline: one day of sales receipts, from the accounting API to the revenue mart and the group's books."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from conductor.engines.choose import EngineName
from flows.steps.announce import announce
from flows.steps.archive import archive
from flows.steps.back_up import back_up
from flows.steps.branch import refine
from flows.steps.bring import bring
from flows.steps.build import build
from flows.steps.changed import changed
from flows.steps.extract import extract
from flows.steps.gate import gate
from flows.steps.land import land
from flows.steps.load import load
from flows.steps.night import night
from flows.steps.post import post
from flows.steps.publish import publish
from flows.steps.turn import Turn, turn
from flows.steps.version import version

PRODUCT = "finance/sales_receipts"

WorkspaceName = Annotated[str, Field(pattern="^[a-z0-9-]+$")]


def run_name() -> str:
    """Name a run by what it carries."""
    day = flow_run.parameters.get("day") or "scheduled day"
    return f"{PRODUCT} {day}"


@flow(name="nightly-financials", flow_run_name=run_name, persist_result=False, log_prints=False)
def nightly_financials(
    day: date | None = None, workspace: WorkspaceName = "embedded", engine: EngineName | None = None
) -> None:
    """Carry a day of sales receipts, and other days that changed or were cut short, from the accounting API to the group's books.

    Repeats: a day whose content, contract, SQL, rates and catalogue are the same is found to be done, and nothing is written.

    Args:
        day: Business day to carry, as YYYY-MM-DD. Left empty: the day before the run's scheduled time.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
        engine: Engine that refines the receipts. Left empty: contract, settings and size decide.
    """
    with night(workspace, PRODUCT, day) as tonight:
        for slot in changed(tonight):
            with tonight.apart(slot), turn(tonight.workspace, slot) as mine:
                carry(mine, fresh=slot.day == tonight.day, engine=engine)


def carry(mine: Turn, *, fresh: bool, engine: EngineName | None = None) -> None:
    """Take one slot down the road; `fresh` asks the source for the day's rates and catalogue, too, `engine` is asked for."""
    references = [bring(mine, dataset, fresh=fresh) for dataset in mine.product.contract.references]
    landed = land(mine, extract(mine))
    backed_up = back_up(mine, landed)
    batch = version(mine, landed, backed_up, references)
    refined = refine(mine, batch, engine)
    gated = gate(mine, refined)
    published = publish(mine, refined, gated)
    loaded = load(mine, published)
    built = build(mine, loaded)
    posted = post(mine, built)
    announced = announce(mine, posted)
    archive(mine, announced)
