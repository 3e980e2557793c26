"""One module per command, or per family of commands."""

from __future__ import annotations

import typer

from conductor.cli.commands import (
    approve,
    audit,
    automations,
    connect,
    contract,
    demo,
    doctor,
    explain,
    plan,
    pools,
    quarantine,
    query,
    reconcile,
    relay,
    replay,
    run,
    sandbox,
    status,
    try_file,
    up,
    warehouse,
    workspace,
)


def register(cli: typer.Typer) -> None:
    """Add all commands, in the order in which a newcomer meets them."""
    for command in (
        demo,
        up,
        run,
        plan,
        status,
        explain,
        audit,
        reconcile,
        relay,
        query,
        try_file,
        replay,
        approve,
        connect,
        doctor,
    ):
        command.register(cli)
    cli.add_typer(contract.cli, name="contract")
    cli.add_typer(quarantine.cli, name="quarantine")
    cli.add_typer(pools.cli, name="pools")
    cli.add_typer(automations.cli, name="automations")
    cli.add_typer(sandbox.cli, name="sandbox")
    cli.add_typer(workspace.cli, name="workspace")
    cli.add_typer(warehouse.cli, name="warehouse")
