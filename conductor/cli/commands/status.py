"""`conductor status`: what is done, what is not, and since when."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="status")(status)


def status(
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    limit: Annotated[int, typer.Option(help="How many slots, newest first.", min=1, max=1000)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the newest slots: version, state, rows, and the last attempt at each."""
    with opened(home, workspace) as found:
        rows: list[dict[str, object]] = []
        slots = [slot for dataset in found.products for slot in found.ledger.slots(dataset)]
        for slot in sorted(slots, key=lambda slot: slot.day, reverse=True)[:limit]:
            row = found.ledger.current(slot)
            last = found.ledger.attempts(slot)[-1:]
            rows.append(
                {
                    "slot": slot.id,
                    "version": row.batch.version if row else None,
                    "state": row.state.value if row else "seen",
                    "batch": row.batch.id if row else None,
                    "last attempt": last[0].outcome or "running or killed" if last else None,
                    "since": last[0].started_at.isoformat(timespec="seconds") if last else None,
                    "error": last[0].error.sentence if last and last[0].error else None,
                }
            )
    if as_json:
        show.as_json(rows)
    else:
        columns = ("slot", "version", "state", "last attempt", "since", "error")
        show.table("newest slots", columns, [[found[column] for column in columns] for found in rows])
