"""`conductor warehouse`: what a database needs before it is one."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from conductor.cli import show
from conductor.errors import FixTheConfiguration
from conductor.secrets import resolve

cli = typer.Typer(help="Prepare a PostgreSQL database as a warehouse.", no_args_is_help=True)
OWN = "CONDUCTOR_WAREHOUSE_URL"


@cli.command()
def prepare(
    admin: Annotated[
        str,
        typer.Option(
            help="Reference (env:NAME, file:/path) to the database's address for a user who owns it and may make roles."
        ),
    ] = f"env:{OWN}",
    login: Annotated[
        str, typer.Option(help="User of the workspace.  [default: that of CONDUCTOR_WAREHOUSE_URL]")
    ] = "",
    reader: Annotated[
        list[str] | None, typer.Option(help="User who may only read; may be given often.")
    ] = None,
) -> None:
    """Make roles, schemas and the load ledger, and let the workspace's user act as each role. Twice changes nothing.

    Example: conductor warehouse prepare --admin env:ADMIN_URL --login conductor --reader reports
    """
    try:
        from conductor.warehouses.postgres_address import Address
        from conductor.warehouses.postgres_prepare import prepare as make
    except ModuleNotFoundError:
        raise FixTheConfiguration(
            "PostgreSQL needs the extra 'postgres'", next_command="pip install 'cloud-conductor[postgres]'"
        ) from None
    if not login and OWN in os.environ:
        login = Address(os.environ[OWN]).user
    place = make(resolve(admin, os.environ).get_secret_value(), login, tuple(reader or ()))
    show.line(f"{place} is prepared", mark="✓", style="green")
