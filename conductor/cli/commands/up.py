"""`conductor up`: serve the embedded workspace, with Prefect's UI, the schedule and a typed form."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from conductor.cli.servers import accounting_sandbox, prefect_server, serving
from conductor.cli.session import RECEIPTS_PER_DAY, isolate, opened, use_sandbox
from conductor.settings import load_settings


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="up")(up)


def up(
    port: Annotated[int, typer.Option(help="Port of Prefect's UI; 0 takes a free one.")] = 4200,
    receipts: Annotated[
        int, typer.Option(help="Sales receipts per day in the sandbox.", min=100)
    ] = RECEIPTS_PER_DAY,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Start Prefect's server, the accounting sandbox, the relay and the nightly deployment on one home, until interrupted."""
    place = Home(home).make()
    settings = load_settings(place.path, os.environ)
    with ExitStack() as stack:
        if not settings.accounting_url:
            use_sandbox(place, stack.enter_context(accounting_sandbox(place, receipts, shared=True)))
        api = stack.enter_context(prefect_server(place, port or None, shared=True))
        isolate(place, api)
        log = place.path / "logs" / "serve.log"
        served = stack.enter_context(
            serving(["-m", "conductor.cli.serve", settings.timezone], os.environ, log)
        )
        addresses = {
            "ui": api.removesuffix("/api"),
            "api": api,
            "accounting": os.environ.get("CONDUCTOR_ACCOUNTING_URL", settings.accounting_url),
            "dashboard": (place.path / "docs" / "revenue.html").as_uri(),
            "home": str(place.path),
        }
        if as_json:
            show.as_json(addresses)
            sys.stdout.flush()
        else:
            show.table("serving until you press Ctrl-C", ("what", "where"), list(addresses.items()))
        _relay_until_told(home, served)


def _relay_until_told(home: os.PathLike[str], served: subprocess.Popen[bytes]) -> None:
    """Deliver events until SIGTERM, Ctrl-C, or the end of what serves the deployment."""
    from pathlib import Path

    from flows.steps.subscribers import relay

    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with opened_or_made(Path(home)) as found:
        courier = relay(found)
        while not over.wait(2) and served.poll() is None:
            courier.run_once()


def opened_or_made(home: os.PathLike[str]):
    """Open the home, made where it is missing."""
    return opened(home, EMBEDDED)  # type: ignore[arg-type]
