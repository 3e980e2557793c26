"""`conductor approve`: a named person allows what the product will not do by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.named import need_batch
from conductor.cli.options import DEFAULT_HOME, HomeOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.errors import FixTheConfiguration
from conductor.quality.override import allow


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="approve")(approve)


def approve(
    batch: Annotated[
        str, typer.Argument(help="Id of the batch that waits, or six or more of its first characters.")
    ],
    by: Annotated[str, typer.Option(help="Your name; it is kept.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    post_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Open day to post the journal entry on, for a batch whose own period is closed.",
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
) -> None:
    """Let a batch go on that failed its gate; with --post-on, post the entry of a closed period on an open day.

    It holds for this batch alone, and is told wherever the batch is told of; the next run acts on it.
    """
    if not (by.strip() and reason.strip()):
        raise FixTheConfiguration(
            "an approval says who gives it and why", next_command="conductor approve --help"
        )
    with opened(home, workspace) as found:
        waiting = need_batch(found.ledger, batch).batch
        if post_on is None:
            for failed in allow(found.ledger, waiting, by, reason).failed:
                show.line(f"allowed: {failed.expectation} on {failed.column}: {failed.observed}")
        else:
            found.ledger.approve(
                waiting.id, "closed period", by=by, reason=reason, details=post_on.date().isoformat()
            )
    show.console.print(
        f"[green]✓[/] noted. Next: conductor run nightly-financials --day {waiting.slot.day.isoformat()}"
    )
