"""`conductor status`: what is done, what is not, what runs now, and since when."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.cli.standing import Line, Standing, standing

COLUMNS = ("slot", "version", "state", "last attempt", "since")


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="status")(status)


def status(
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    limit: Annotated[int, typer.Option(help="How many slots, newest first.", min=1, max=1000)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Say in one line how things stand; then what runs now, and the newest slots with the last attempt at each."""
    from flows.steps.holder import alive

    with opened(home, workspace) as found:
        now = standing(found.ledger, sorted(found.products), alive, limit)
    if as_json:
        show.as_json(asdict(now))
    else:
        _show(now)


def _show(now: Standing) -> None:
    show.line(now.verdict, mark="✓" if now.well else "✗", style="green" if now.well else "bold red")
    for work in now.running:
        show.line(f"{work.name}: run {work.run_id}, {work.process}", mark="▶", style="cyan")
    if now.slots:
        show.table("newest slots", COLUMNS, [_cells(each) for each in now.slots])
    for each in now.slots:
        if each.error:
            show.line(f"{each.slot}: {each.error}", mark="✗", style="red")
            show.line(f"  next: {each.next or f'conductor explain {each.slot}'}")


def _cells(line: Line) -> tuple[object, ...]:
    since = f"{line.since:%Y-%m-%d %H:%M}" if line.since else None
    return line.slot, line.version, line.state, line.last_attempt, since
