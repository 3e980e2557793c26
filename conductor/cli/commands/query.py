"""`conductor query`: ask the warehouse."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="query")(query)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement.")],
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Ask the warehouse's read-only copy, which changes only when a batch is built and tested.

    Example: conductor query "select * from marts.mart_daily_revenue order by 1, 2"
    """
    with opened(home, workspace) as found:
        result = found.warehouse.query(sql)
    if as_json:
        show.as_json([dict(zip(result.columns, row, strict=True)) for row in result.rows])
    else:
        show.table(f"{len(result.rows)} rows", result.columns, result.rows)
