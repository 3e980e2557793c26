"""Several sources in one night: extracted side by side, each in a container of its own, then carried to the warehouse."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.finance.nightly_financials import WorkspaceName
from flows.finance.source_extract import SourceName
from flows.steps.announce import announce
from flows.steps.archive import archive
from flows.steps.branch import refine
from flows.steps.build import build
from flows.steps.gate import gate
from flows.steps.load import load
from flows.steps.post import post
from flows.steps.publish import publish
from flows.steps.side_by_side import side_by_side, together
from flows.steps.turn import Turn, turn
from flows.steps.version import current


@flow(name="financial-extracts", flow_run_name="sources side by side", persist_result=False, log_prints=False)
def financial_extracts(
    day: date | None = None, sources: list[SourceName] | None = None, workspace: WorkspaceName = "embedded"
) -> None:
    """Extract all sources at the same time and carry what came; a failing one is told at the end and holds nobody up.

    Repeats: a day whose content, contract, SQL and joined products are the same is found to be done, and nothing is written.

    Args:
        day: Business day to carry, as YYYY-MM-DD. Left empty: the day before the run's scheduled time.
        sources: Sources as contracts name them. Left empty: all that a product is read from.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
    """
    with together(workspace, day, sources) as tonight:
        for slot in side_by_side(tonight):
            with tonight.apart(slot), turn(tonight.workspace, slot) as mine:
                carry_on(mine)


def carry_on(mine: Turn) -> None:
    """Take a slot down the road from its newest version."""
    refined = refine(mine, current(mine))
    published = publish(mine, refined, gate(mine, refined))
    posted = post(mine, build(mine, load(mine, published)))
    archive(mine, announce(mine, posted))
