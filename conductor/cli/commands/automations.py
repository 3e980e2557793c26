"""`conductor automations`: what Prefect does by itself, kept by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.options import JsonOption
from conductor.workspace import ROOT

cli = typer.Typer(
    help="Keep what Prefect does by itself: tell people of crashed, silent and late runs, and fit work pools to what waits.",
    no_args_is_help=True,
)
FILE = ROOT / "k8s" / "automations.yaml"


@cli.callback()
def automations() -> None:
    """Keep a group, with room for another command."""


@cli.command()
def apply(
    file: Annotated[Path, typer.Option(help="File with the automations.", show_default=False)] = FILE,
    notify: Annotated[
        str,
        typer.Option(
            metavar="TYPE/NAME",
            help="Notification block by which people are told, as `prefect block ls` shows it.",
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the automations of Prefect's server those of the file. Their ids stay, and one that a person paused stays paused.

    The server is the one that PREFECT_API_URL names. Safe to repeat.

    Example: conductor automations apply --notify slack-webhook/on-call
    """
    from conductor.cli.automations import apply_file  # Prefect takes seconds to import

    done = apply_file(file, notify, dry_run=dry_run)
    if as_json:
        show.as_json([{"name": name, "outcome": outcome} for name, outcome in done])
        return
    for name, outcome in done:
        show.line(f"{name}: {outcome}")
