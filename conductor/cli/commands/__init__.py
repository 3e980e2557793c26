"""One module per command, or per family of commands."""

from __future__ import annotations

import typer

from conductor.cli.commands import (
    approve,
    connect,
    demo,
    explain,
    query,
    replay,
    run,
    sandbox,
    status,
    up,
)


def register(cli: typer.Typer) -> None:
    """Add all commands, in the order in which a newcomer meets them."""
    for command in (
        demo,
        up,
        run,
        status,
        explain,
        query,
        replay,
        approve,
        connect,
    ):
        command.register(cli)
    cli.add_typer(sandbox.cli, name="sandbox")
