"""Bring mended rows home: a correction is landed as an object of its own, and the slot is carried again with it."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from pydantic import SecretStr

from conductor.engines.choose import EngineName
from flows.finance.nightly_financials import WorkspaceName
from flows.steps.announce import announce
from flows.steps.archive import archive
from flows.steps.back_up import back_up
from flows.steps.branch import refine
from flows.steps.bring import bring
from flows.steps.build import build
from flows.steps.correct import correct, latest
from flows.steps.gate import gate
from flows.steps.land import land
from flows.steps.load import load
from flows.steps.night import mending
from flows.steps.post import post
from flows.steps.publish import publish
from flows.steps.turn import Turn, turn
from flows.steps.version import version


@flow(name="replay", flow_run_name="replay {batch}", persist_result=False, log_prints=False)
def replay_rows(
    batch: str,
    by: str = "",
    reason: str = "",
    file: str | None = None,
    assignments: dict[str, SecretStr] | None = None,
    where: dict[str, SecretStr] | None = None,
    workspace: WorkspaceName = "embedded",
    engine: EngineName | None = None,
) -> None:
    """Land the correction, if there is one, then carry its slot again from what is in raw; the source is not asked.

    Without a correction the contract and the SQL of now judge the rows, which come home if these have changed.
    Repeats: the same correction is the same object, so the slot's version is the same and nothing is written.

    Args:
        batch: Batch whose rows were set aside.
        by: Who mends; kept with the correction.
        reason: Why; kept with the correction.
        file: File with the corrected rows, as exported from the quarantine.
        assignments: Columns to set, and to what, where no file is given.
        where: Values by which rows are chosen, where no file is given.
        workspace: Workspace to work in: `embedded`, or the name of a Workspace block.
        engine: Engine that refines. Left empty: contract, settings and size decide.
    """
    with mending(workspace, batch) as (opened, slot), turn(opened, slot) as mine:
        if file or assignments:
            given, chosen = _told(assignments), _told(where)
            correction = correct(mine, batch, Path(file) if file else None, given, chosen, by, reason)
            back_up(mine, land(mine, correction))
        carry_again(mine, engine)


def _told(values: dict[str, SecretStr] | None) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in (values or {}).items()}


def carry_again(mine: Turn, engine: EngineName | None = None) -> None:
    """Take a slot down the road from its newest raw object; `engine` is asked for."""
    references = [bring(mine, dataset, fresh=False) for dataset in mine.product.contract.references]
    landed = latest(mine)
    batch = version(mine, landed, back_up(mine, landed), references)
    refined = refine(mine, batch, engine)
    published = publish(mine, refined, gate(mine, refined))
    posted = post(mine, build(mine, load(mine, published)))
    archive(mine, announce(mine, posted))
