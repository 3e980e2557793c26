"""`conductor replay`: bring mended rows home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from conductor.cli import show
from conductor.cli.commands.run import tell
from conductor.cli.home import Home
from conductor.cli.named import need_batch
from conductor.cli.options import DEFAULT_HOME, EngineOption, HomeOption, WorkspaceOption
from conductor.cli.session import opened, ready_to_run
from conductor.errors import FixTheConfiguration


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="replay")(replay)


def replay(
    batch: Annotated[
        str,
        typer.Argument(
            help="Id of the batch whose rows were set aside, or six or more of its first characters."
        ),
    ],
    by: Annotated[
        str, typer.Option(help="Your name; it is kept with the correction, which has to have one.")
    ] = "",
    reason: Annotated[
        str, typer.Option(help="Why; it is kept with the correction, which has to have one.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="Corrected rows, as `conductor quarantine export` wrote them (CSV or Parquet)."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="column=value, for the rows that --where names; may be given often."),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="column=value that a row must have; may be given often.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    engine: EngineOption = None,
) -> None:
    """Carry a day again from what is in raw, so that mended rows come home exactly once.

    After a change of the contract or of refine.sql: conductor replay BATCH. Rows that a person mends are landed as an object of
    their own; either hand in a file, or say what to set: conductor replay BATCH --set Line.Amount=12.35 --where _line=17 --by NAME
    --reason TEXT
    """
    if file and assignments:
        raise FixTheConfiguration(
            "say how the rows are mended: either with --file or with --set",
            next_command="conductor replay --help",
        )
    if where and not assignments:
        raise FixTheConfiguration(
            "--where chooses rows for --set, and nothing is set", next_command="conductor replay --help"
        )
    with opened(home, workspace) as found:
        meant = need_batch(found.ledger, batch).batch
        before = found.ledger.current(meant.slot)
    with ready_to_run(Home(home), workspace):
        from flows.platform.replay import replay_rows

        replay_rows(
            batch=meant.id,
            file=str(file.absolute()) if file else None,
            assignments=_secret(_pairs(assignments)),
            where=_secret(_pairs(where)),
            by=by,
            reason=reason,
            workspace=workspace,
            engine=engine,
        )
    if told := tell(home, workspace, meant.slot):
        show.story(told)
        if before and before.batch.id == told.batch:
            show.line("No new version: content, contract, SQL and joined products are those of this one.")


def _secret(pairs: dict[str, str]) -> dict[str, SecretStr]:
    """Hide values, which may be personal, from Prefect: it keeps the parameters of runs."""
    return {name: SecretStr(value) for name, value in pairs.items()}


def _pairs(texts: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise FixTheConfiguration(f"{text!r} is not of the form column=value")
        pairs[name] = value
    return pairs
