"""`conductor reconcile`: bring the ledger, the backup and the outbox in line with the evidence."""

from __future__ import annotations

from dataclasses import asdict

import typer

from conductor.cli import show
from conductor.cli.commands.run import FLOWS
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.reconciliation import Mended
from conductor.reconciliation import reconcile as mend


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="reconcile")(reconcile)


def reconcile(
    home: HomeOption = DEFAULT_HOME, workspace: WorkspaceOption = "embedded", as_json: JsonOption = False
) -> None:
    """Mend what a crash, a loss or a restore left apart: raw and backup, ledger, lake, warehouse, undelivered events.

    What is missing is added from where it still is; what was lost is marked so that the next run does it again. Safe to repeat.
    """
    with opened(home, workspace, known_by="store") as found, show.console.status("comparing") as status:
        mended: list[Mended] = []
        for each in mend(found):
            mended.append(each)
            status.update(f"{each.what}: {each.subject}")
        from flows.steps.subscribers import deliver

        deliver(found)
        waiting = [slot.id for dataset in FLOWS.values() for slot in found.ledger.unfinished(dataset)]
    if as_json:
        show.as_json({"mended": [asdict(each) for each in mended], "unfinished": waiting})
        return
    for each in mended:
        show.line(f"{each.subject}: {each.sentence}", mark="✓", style="green")
    if not mended:
        show.line(
            "nothing to mend: raw, backup, ledger, lake and warehouse say the same", mark="✓", style="green"
        )
    for slot in waiting:
        show.line(f"{slot} is not finished")
    if waiting:
        show.line("next: conductor run nightly-financials")
