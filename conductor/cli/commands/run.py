"""`conductor run`: run a flow now."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from conductor import story
from conductor.cli import show
from conductor.cli.home import Home
from conductor.cli.options import (
    DEFAULT_HOME,
    DayOption,
    EngineOption,
    HomeOption,
    JsonOption,
    WorkspaceOption,
)
from conductor.cli.session import opened, ready_to_run
from conductor.engines.choose import EngineName
from conductor.story import Story
from conductor.values import Slot

NIGHTLY, FILE = "nightly-financials", "dropped-file"
FLOWS = {NIGHTLY: "finance/sales_receipts"}
"""The flows that carry a product of their own."""


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="run")(run)


def run(
    flow: Annotated[str, typer.Argument(help="Which flow: nightly-financials or dropped-file.")],
    day: DayOption = None,
    file: Annotated[Path | None, typer.Option(help="The file, for dropped-file.")] = None,
    product: Annotated[
        str | None, typer.Option(help="Product that the file belongs to, as domain/name.")
    ] = None,
    part: Annotated[
        str,
        typer.Option(
            help="Which part of the day the file is, such as a store; a day of one file needs none."
        ),
    ] = "",
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a flow now, for one business day; what is done already stays as it is.

    Examples: conductor run nightly-financials --day 2026-11-20

    conductor run dropped-file --product sales/daily_sales --file sales.csv --day 2026-11-20
    """
    when = day.date() if day else None
    if (flow == FILE) != bool(file and product) or (flow != FILE and (file or product or part)):
        raise typer.BadParameter(f"--product and --file go with {FILE}, both, and with no other flow")
    if flow != FILE:
        flow_named(flow)
    with ready_to_run(Home(home), workspace):
        if file and product:
            slots = run_file(product, file, when, part, workspace, engine, quiet=as_json)
        else:
            slots = run_flow(flow, when, workspace, engine, quiet=as_json)
    stories = [found for found in (tell(home, workspace, slot) for slot in slots) if found]
    if as_json:
        show.as_json([asdict(told) | {"worked": slots[Slot.parse(told.slot)]} for told in stories])
        return
    for told in stories:
        if slots[Slot.parse(told.slot)]:
            show.story(told)
        else:
            show.console.print(
                f"[bold]{told.slot}[/]: nothing to do. Content, contract, SQL and joined products are those of version "
                f"{told.version}, which is {told.state} (batch {told.batch})."
            )


def flow_named(name: str) -> str:
    """Give the name back if there is such a flow; a usage error otherwise."""
    if name not in FLOWS:
        raise typer.BadParameter(f"there is no flow {name!r}; known are: {', '.join((*FLOWS, FILE))}")
    return name


def run_flow(
    flow: str, day: date | None, workspace: str, engine: EngineName | None = None, *, quiet: bool
) -> dict[Slot, bool]:
    """Run a flow in this process and say, for each slot of its product, whether there was anything to do."""
    from conductor.cli.ticker import ticking
    from flows.finance.nightly_financials import nightly_financials

    with ticking(FLOWS[flow], quiet=quiet) as seen:
        arguments: dict[str, Any] = {"day": day, "workspace": workspace, "engine": engine}
        nightly_financials(**arguments)
    return seen


def run_file(
    product: str,
    file: Path,
    day: date | None,
    part: str,
    workspace: str,
    engine: EngineName | None,
    *,
    quiet: bool,
) -> dict[Slot, bool]:
    """Carry a file in this process and say, for each slot of its product, whether there was anything to do."""
    from conductor.cli.ticker import ticking
    from flows.platform.dropped_file import dropped_file

    with ticking(product, quiet=quiet) as seen:
        arguments: dict[str, Any] = {"day": day, "part": part, "workspace": workspace, "engine": engine}
        dropped_file(product=product, file=str(file.absolute()), **arguments)
    return seen


def tell(home: Path, workspace: str, slot: Slot) -> Story | None:
    """Give the story of a slot's current version."""
    with opened(home, workspace) as found:
        row = found.ledger.current(slot)
        return story.tell(found.ledger, row.batch) if row else None
