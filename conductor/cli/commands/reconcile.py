"""`conductor reconcile`: bring the ledger, the backup and the outbox in line with the evidence."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.commands.run import FLOWS
from conductor.cli.options import (
    DEFAULT_HOME,
    FLOWS_NAMESPACE,
    HomeOption,
    JsonOption,
    NamespaceOption,
    WorkspaceOption,
)
from conductor.cli.session import opened, prefect_answering
from conductor.errors import RetryLater
from conductor.reconciliation import Mended
from conductor.reconciliation import reconcile as mend


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="reconcile")(reconcile)


def reconcile(
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Mend runs, Jobs and pods on the cluster instead of data.")
    ] = False,
    namespace: NamespaceOption = FLOWS_NAMESPACE,
    every: Annotated[
        int, typer.Option(help="With --cluster: go on, with this many seconds between.", min=0, max=3600)
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Mend what a crash, a loss or a restore left apart: raw and backup, ledger, lake, warehouse, undelivered events.

    What is missing is added from where it still is; what was lost is marked so that the next run does it again. Safe to repeat.
    With --cluster: runs that hang, died unheard or were cancelled get their end and cause, and what they left behind goes.
    """
    if cluster:
        tend_cluster(home, workspace, namespace, every, as_json)
        return
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


def tend_cluster(home: Path, workspace: str, namespace: str, every: int, as_json: bool) -> None:
    """Mend runs on the cluster once or, with `every`, until interrupted: then a world that is not ready ends nothing."""
    from flows.steps.tend import tend

    with opened(home, workspace) as found:
        while True:
            try:
                with prefect_answering(workspace):
                    done = tend(found, namespace)
                _show_tended(done, quiet=every > 0, as_json=as_json)
            except RetryLater as error:
                if not every:
                    raise
                show.line(error.sentence, mark="·", style="dim")
            if not every:
                return
            time.sleep(every)


def _show_tended(done: list[str], *, quiet: bool, as_json: bool) -> None:
    if as_json:
        show.as_json({"done": done})
        return
    for sentence in done:
        show.line(sentence, mark="✓", style="green")
    if not done and not quiet:
        show.line("nothing to mend: Jobs, flow runs and ledger say the same", mark="✓", style="green")
