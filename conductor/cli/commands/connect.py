"""`conductor connect`: give consent at an accounting vendor."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.connecting import connect_company
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import DEFAULT_HOME, HomeOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.errors import FixTheConfiguration
from conductor.settings import Settings, load_settings
from conductor.sources.tokens import TOKENS, FileTokenStore, TokenStore


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
    workspace: WorkspaceOption = EMBEDDED,
    show_address: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening a browser.")
    ] = False,
) -> None:
    """Give consent once, in the browser; the tokens stay in the home, readable by this user alone, or sealed in the ledger.

    Set accounting_client_id and accounting_client_secret first; see docs/how-to/connect-quickbooks.md.
    """
    if source != "quickbooks":
        raise FixTheConfiguration(f"there is no source {source!r}; known are: quickbooks")

    def open_browser(url: str) -> None:
        if show_address or not webbrowser.open(url):
            show.console.print(f"Open this address in a browser and give consent:\n{url}", soft_wrap=True)

    with _opened(home, workspace) as (tokens, settings):
        realm = connect_company(tokens, settings, open_browser, seconds=600, port=port)
    show.console.print(f"[green]✓[/] connected to company {realm}")


@contextmanager
def _opened(home: Path, workspace: str) -> Generator[tuple[TokenStore, Settings]]:
    """Give where tokens are kept, and the settings. Consent comes first: a home that was never used is made."""
    if workspace == EMBEDDED:
        place = Home(home).make().path
        yield FileTokenStore(place / TOKENS), load_settings(place, os.environ)
        return
    with opened(home, workspace) as found:
        yield found.tokens, found.settings
