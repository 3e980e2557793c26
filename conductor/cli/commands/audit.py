"""`conductor audit`: prove, from the evidence, that nothing is lost, doubled or changed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from conductor.audit import AuditReport, Evidence, GroupBooks, Invariant, Scope
from conductor.audit import audit as check
from conductor.cli import show
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import accounting_at_hand, opened
from conductor.workspace import Workspace


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="audit")(audit)


def audit(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this business day.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Only this product, as <domain>/<name>.")] = None,
    invariant: Annotated[
        list[Invariant] | None, typer.Option(help="Only this invariant; may be given often.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Check the eight invariants against raw, lake, ledger, warehouse and books; exit code 1 if one does not hold.

    Example: conductor audit --day 2026-11-20 --invariant I6
    """
    scope = Scope(dataset, day.date() if day else None, tuple(dict.fromkeys(invariant or Invariant)))
    console = Console(stderr=True, highlight=False)
    with (
        _books_at_hand(home, workspace, scope),
        opened(home, workspace) as found,
        console.status("opening") as status,
    ):
        report = check(evidence(found), scope, found.scratch, status.update)
    if as_json:
        show.as_json(report.model_dump(mode="json") | {"clean": report.clean})
    else:
        _show(report)
    raise typer.Exit(0 if report.clean else 1)


def evidence(found: Workspace) -> Evidence:
    """Give the parts of a workspace that an audit reads."""
    return Evidence(
        products=found.products,
        raw=found.raw,
        lake=found.lake,
        backup=found.backup,
        ledger=found.ledger,
        warehouse=found.warehouse,
        books=GroupBooks(found.books, found.settings),
        settings=found.settings,
    )


@contextmanager
def _books_at_hand(home: Path, workspace: str, scope: Scope) -> Generator[None]:
    """Serve the bundled sandbox meanwhile where it is the accounting system: it holds the group company's books."""
    place = Home(home)
    wanted = Invariant.I3 in scope.invariants and workspace == EMBEDDED and (place.path / "sandbox").is_dir()
    with accounting_at_hand(place) if wanted else nullcontext():
        yield


def _show(report: AuditReport) -> None:
    rows = [
        (
            check.invariant.value,
            check.promise,
            f"{check.checked:,} {check.unit}",
            len(check.unchecked) or "",
            len(check.findings) or "none",
        )
        for check in report.checks
    ]
    show.table("audit", ("", "invariant", "checked", "not checked", "findings"), rows, right=(2, 3, 4))
    for allowed in report.allowed:
        show.line(
            f"{allowed.slot}: {allowed.by} allowed {allowed.what} ({allowed.details}) on {allowed.at:%Y-%m-%d}: "
            f"{allowed.reason}, batch {allowed.batch}",
            mark="!",
            style="yellow",
        )
    for note in report.unchecked:
        show.console.print(
            f"[dim]· {note.invariant.value} {note.slot}: {escape(note.sentence)}[/]", soft_wrap=True
        )
    for finding in report.findings:
        show.console.print(
            f"[red]✗[/] {finding.invariant.value} {finding.slot}: {escape(finding.sentence)}", soft_wrap=True
        )
        show.console.print(f"  next: [bold]{escape(finding.next_command)}[/]", soft_wrap=True)
