"""Extract one source as a run of its own: what comes is landed, backed up and given its version, and nothing further."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.finance.nightly_financials import WorkspaceName
from flows.steps.back_up import back_up
from flows.steps.bring import bring
from flows.steps.extract import extract
from flows.steps.land import land
from flows.steps.side_by_side import one_source
from flows.steps.turn import Turn, turn
from flows.steps.version import version

SourceName = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]*$")]


@flow(name="source-extract", flow_run_name="extract {source} {day}", persist_result=False, log_prints=False)
def source_extract(source: SourceName, day: date, workspace: WorkspaceName = "embedded") -> None:
    """Bring a day of all products of one source into the raw zone; the run that asked for it carries them on.

    Repeats: the source is asked again, and the same content is the same object and version.

    Args:
        source: Source as contracts name it.
        day: Business day, as YYYY-MM-DD.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
    """
    with one_source(workspace, source, day) as today:
        for slot in today.sources[source]:
            with today.apart(slot), turn(today.workspace, slot) as mine:
                take_in(mine)


def take_in(mine: Turn) -> None:
    """Take one slot from its source as far as its version."""
    references = [bring(mine, dataset, fresh=False) for dataset in mine.product.contract.references]
    landed = land(mine, extract(mine))
    version(mine, landed, back_up(mine, landed), references)
