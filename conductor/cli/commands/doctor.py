"""`conductor doctor`: is all that is needed there, and in order?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.checks import machine, servers, workspace
from conductor.cli.checks.finding import Finding, Verdict, examine, problem
from conductor.cli.checks.parts import Parts, parts_of
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import (
    DEFAULT_HOME,
    FLOWS_NAMESPACE,
    HomeOption,
    JsonOption,
    NamespaceOption,
    WorkspaceOption,
)
from conductor.errors import ConductorError
from conductor.zones import Zone

MARKS = {Verdict.OK: ("✓", "green"), Verdict.NOTE: ("·", "dim"), Verdict.PROBLEM: ("✗", "bold red")}


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="doctor")(doctor)


def doctor(
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = EMBEDDED,
    cluster: Annotated[
        bool,
        typer.Option("--cluster", help="Look at the cluster, its pools, Secrets, stores and ledger."),
    ] = False,
    namespace: NamespaceOption = FLOWS_NAMESPACE,
    as_json: JsonOption = False,
) -> None:
    """Check the installation and the workspace, and say for each problem its cause and the next command. Changes nothing.

    The exit code is 1 if something has to be mended.
    """
    findings: list[Finding] = []
    looks = on_cluster(workspace, namespace) if cluster else examinations(home.absolute(), workspace)
    for finding in looks:
        findings.append(finding)
        if not as_json and not cluster:
            _show(finding)
    if cluster and not as_json:
        show.table("on the cluster", ("about", "", "finding", "next"), [_row(each) for each in findings])
    problems = sum(finding.verdict is Verdict.PROBLEM for finding in findings)
    if as_json:
        show.as_json([asdict(finding) for finding in findings])
    else:
        show.line("" if problems else "all is well")
    raise typer.Exit(code=1 if problems else 0)


def examinations(home: Path, name: str) -> Iterator[Finding]:
    """Look at everything, one after the other; what cannot be taken up is a problem, and the rest goes on."""
    yield from machine.python()
    yield from machine.extras()
    try:
        parts = parts_of(home, name, utc_now)
    except ConductorError as error:
        yield Finding("workspace", Verdict.PROBLEM, error.sentence, error.next_command)
        return
    yield from _of_workspace(parts)


def on_cluster(workspace: str, namespace: str) -> Iterator[Finding]:
    """Look at all that runs on a cluster need; what cannot be looked at is a problem, and the rest goes on."""
    from conductor.cli.checks import cluster, scheduler
    from conductor.cluster.api import Api
    from flows.steps.kubernetes import connected

    api = Api(connected)
    yield from examine("cluster", lambda: cluster.kubernetes(api, utc_now))
    yield from examine("rights", lambda: cluster.rights(api, namespace))
    yield from examine("secrets", lambda: cluster.secrets(api, namespace))
    yield from examine("prefect", lambda: scheduler.scheduler(namespace, utc_now))
    yield from examine("workspace", lambda: _shared_parts(workspace))


def _shared_parts(name: str) -> Iterator[Finding]:
    """Look at what all pods have to share: stores and ledger."""
    if name == EMBEDDED:
        yield problem(
            "workspace",
            "the embedded workspace lies on one machine's disk, which pods do not share",
            "conductor doctor --cluster --workspace NAME",
        )
        return
    parts = parts_of(Path(), name, utc_now)
    yield from examine("ledger", lambda: workspace.ledger(parts.ledger))
    for about, store, zone in (
        ("raw", parts.raw, Zone.RAW),
        ("lake", parts.lake, Zone.CURATED),
        ("backup", parts.backup, Zone.RAW),
    ):
        yield from examine(about, partial(workspace.shared_store, about, store, zone))
    if parts.ledger.database.path:
        yield problem("ledger", "is a file, which pods do not share", "set ledger_url in the Workspace block")


def utc_now() -> datetime:
    """Give the instant now."""
    return datetime.now(UTC)


def _of_workspace(parts: Parts) -> Iterator[Finding]:
    home, settings = Home(parts.home), parts.settings
    yield from examine("home", lambda: machine.home(parts.home, stays=parts.home_stays))
    yield from examine("ledger", lambda: workspace.ledger(parts.ledger))
    yield from examine("warehouse", lambda: workspace.warehouse(parts.warehouse))
    yield from examine("raw", lambda: workspace.store("raw", parts.raw, Zone.RAW))
    yield from examine("lake", lambda: workspace.store("lake", parts.lake, Zone.CURATED))
    yield from examine("backup", lambda: workspace.store("backup", parts.backup, Zone.RAW))
    yield from examine("contracts", lambda: workspace.contracts(settings))
    yield from examine("accounting", lambda: servers.accounting(home, parts.tokens, settings, utc_now))
    yield from examine("prefect", lambda: servers.prefect(home, answered=parts.of_block))
    yield from examine("notices", lambda: workspace.notices(settings))


def _show(finding: Finding) -> None:
    mark, style = MARKS[finding.verdict]
    show.line(f"{finding.about}: {finding.sentence}", mark=mark, style=style)
    if finding.next and finding.verdict is not Verdict.OK:
        show.line(f"  next: {finding.next}")


def _row(finding: Finding) -> tuple[object, ...]:
    mark, _ = MARKS[finding.verdict]
    return finding.about, mark, finding.sentence, finding.next if finding.verdict is not Verdict.OK else None
