"""Carry a dropped file: from the bytes as they came to the warehouse, with bad rows set aside."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow

from conductor.engines.choose import EngineName
from flows.finance.nightly_financials import WorkspaceName
from flows.steps.announce import announce
from flows.steps.archive import archive
from flows.steps.arrive import arrive
from flows.steps.back_up import back_up
from flows.steps.branch import refine
from flows.steps.bring import bring
from flows.steps.build import build
from flows.steps.gate import gate
from flows.steps.land import land
from flows.steps.load import load
from flows.steps.night import night
from flows.steps.post import post
from flows.steps.publish import publish
from flows.steps.turn import Turn, turn
from flows.steps.version import version

AGAIN = "conductor run dropped-file, with the same words as before"


@flow(name="dropped-file", flow_run_name="{product} {file}", persist_result=False, log_prints=False)
def dropped_file(
    product: str,
    file: str,
    day: date | None = None,
    part: str = "",
    workspace: WorkspaceName = "embedded",
    engine: EngineName | None = None,
) -> None:
    """Carry one file of a product to the warehouse; a file that can't be trusted goes to the errors zone with a diagnosis.

    Repeats: the same content, however named or packed, is found to be done; other content is the day's next version.

    Args:
        product: Product that the file belongs to, as domain/name.
        file: Path of the file.
        day: Business day of the file, as YYYY-MM-DD. Left empty: the day before the run's scheduled time.
        part: Which part of the day the file is, such as a store, where a day has several files.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
        engine: Engine that refines. Left empty: contract, settings and size decide.
    """
    with night(workspace, product, day, part=part, again=AGAIN) as tonight:
        tonight.slots = [tonight.slot]
        with turn(tonight.workspace, tonight.slot) as mine:
            carry_file(mine, Path(file), engine)


def carry_file(mine: Turn, file: Path, engine: EngineName | None = None) -> None:
    """Take a slot down the road with the file's content; `engine` is asked for."""
    landed = land(mine, arrive(mine, file))
    backed_up = back_up(mine, landed)
    references = [bring(mine, dataset, fresh=False) for dataset in mine.product.contract.references]
    batch = version(mine, landed, backed_up, references)
    refined = refine(mine, batch, engine)
    published = publish(mine, refined, gate(mine, refined))
    posted = post(mine, build(mine, load(mine, published)))
    archive(mine, announce(mine, posted))
