"""`conductor sandbox`: accounting systems to try things on."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from conductor.cli.home import Home
from conductor.cli.options import DEFAULT_HOME, HomeOption

cli = typer.Typer(
    help="Accounting systems to try things on: real HTTP servers with seeded data and switchable faults.",
    no_args_is_help=True,
)


@cli.command()
def quickbooks(
    port: Annotated[int, typer.Option(help="Port on the loopback interface; 0 takes a free one.")] = 0,
    receipts_per_day: Annotated[int, typer.Option(help="Sales receipts on each day.", min=100)] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 7,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Serve a QuickBooks Online lookalike until interrupted; prints its address as one line of JSON.

    It keeps what was posted and changed in the home, so that it can be stopped and started.
    """
    place = Home(home).make().path / "sandbox"
    arguments = [
        "--port",
        str(port),
        "--seed",
        str(seed),
        "--home",
        str(place),
        "--receipts",
        str(receipts_per_day),
    ]
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", "quickbooks", *arguments])
