"""`conductor connect`: give consent at an accounting vendor."""

from __future__ import annotations

import os
import webbrowser
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.connecting import connect_company
from conductor.cli.home import Home
from conductor.cli.options import DEFAULT_HOME, HomeOption
from conductor.errors import FixTheConfiguration
from conductor.settings import load_settings


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="connect")(connect)


def connect(
    source: Annotated[str, typer.Argument(help="Which accounting system: quickbooks.")],
    port: Annotated[
        int,
        typer.Option(
            help="Port of the redirect address http://localhost:PORT/callback that is registered for the app; 0 takes a free one."
        ),
    ] = 8765,
    home: HomeOption = DEFAULT_HOME,
    show_address: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening a browser.")
    ] = False,
) -> None:
    """Give consent once, in the browser; the tokens stay in the home's token store, readable by this user alone.

    Set accounting_client_id and accounting_client_secret first; see docs/how-to/connect-quickbooks.md.
    """
    if source != "quickbooks":
        raise FixTheConfiguration(f"there is no source {source!r}; known are: quickbooks")

    def open_browser(url: str) -> None:
        if show_address or not webbrowser.open(url):
            show.console.print(f"Open this address in a browser and give consent:\n{url}", soft_wrap=True)

    settings = load_settings(Home(home).make().path, os.environ)
    realm = connect_company(home.absolute(), settings, open_browser, seconds=600, port=port)
    show.console.print(f"[green]✓[/] connected to company {realm}")
