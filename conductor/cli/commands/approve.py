"""`conductor approve`: a named person allows what the product will not do by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.named import need_batch
from conductor.cli.options import DEFAULT_HOME, HomeOption, WorkspaceOption
from conductor.cli.session import opened


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
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Open day to post the journal entry on.")
    ],
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
) -> None:
    """Allow a journal entry whose own period is closed to be posted on an open day; the next run posts it."""
    with opened(home, workspace) as found:
        waiting = need_batch(found.ledger, batch).batch
        found.ledger.approve(
            waiting.id, "closed period", by=by, reason=reason, details=post_on.date().isoformat()
        )
    show.console.print(
        f"[green]✓[/] noted. Next: conductor run nightly-financials --day {waiting.slot.day.isoformat()}"
    )
