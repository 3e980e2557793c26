"""`conductor up`: serve the embedded workspace, with Prefect's UI, the schedule and a typed form."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Annotated, TextIO

import httpx
import typer

from conductor.cli import show
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from conductor.cli.servers import accounting_sandbox, prefect_server, serving
from conductor.cli.session import isolate, use_sandbox
from conductor.errors import FixTheConfiguration, RetryLater
from conductor.settings import load_settings

DEPLOYMENTS = ("nightly-financials/nightly", "accounting-aggregates/aggregates")
RELAY_EVERY = 2.0  # seconds


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="up")(up)


def up(
    port: Annotated[
        int, typer.Option(help="Port of Prefect's UI; 0 takes a free one.", min=0, max=65535)
    ] = 4200,
    receipts: Annotated[
        int | None, typer.Option(help="Sales receipts per day in the sandbox; 5,000 at first.", min=100)
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Start Prefect's server, the accounting sandbox, the relay and the deployments on one home, until interrupted."""
    place = Home(home).make()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), (place.path / "run" / "up.json").open("a+", encoding="utf-8") as note:
        if not _locked(note):
            _show("`conductor up` serves this home already", _noted(note), as_json)
            return
        with _servers(place, port, receipts) as (addresses, served):
            note.truncate(0)
            json.dump(addresses, note)
            note.flush()
            _show("serving until you press Ctrl-C", addresses, as_json)
            _relay_while(served)
            raise _ended(place, served)


@contextmanager
def _servers(
    place: Home, port: int, receipts: int | None
) -> Generator[tuple[Mapping[str, str], subprocess.Popen[bytes]]]:
    """Start what there is to serve and give its addresses; all of it ends with the body."""
    settings = load_settings(place.path, os.environ)
    _check_free(port)
    for name in ("prefect", "sandbox"):
        place.forget_running(name)  # left by one that was killed: somebody else may be at that address now
    with ExitStack() as stack:
        if not settings.accounting_url:
            use_sandbox(place, stack.enter_context(accounting_sandbox(place, receipts, shared=True)))
        api = stack.enter_context(prefect_server(place, port or None, shared=True))
        isolate(place, api)
        command = ["-m", "conductor.cli.serve", settings.timezone]
        served = stack.enter_context(serving(command, os.environ, place.path / "logs" / "serve.log"))
        _wait_until_deployed(place, api, served)
        addresses = {
            "ui": api.removesuffix("/api"),
            "api": api,
            "accounting": os.environ.get("CONDUCTOR_ACCOUNTING_URL", settings.accounting_url),
            "dashboard": (place.path / "docs" / "revenue.html").as_uri(),
            "home": str(place.path),
        }
        yield addresses, served


def _relay_while(served: subprocess.Popen[bytes]) -> None:
    """Deliver events as long as the deployments are served."""
    from flows.steps.opening import new_run_id, open_workspace, utc_now
    from flows.steps.subscribers import relay, sole_relay

    with closing(open_workspace(EMBEDDED, os.environ, utc_now, new_run_id())) as workspace:
        courier = relay(workspace)
        while served.poll() is None:
            # What is not ready, or is delivered by a run just now, is there in the next pass.
            with suppress(RetryLater), sole_relay(workspace):
                courier.run_once()
            time.sleep(RELAY_EVERY)


def _wait_until_deployed(place: Home, api: str, served: subprocess.Popen[bytes]) -> None:
    missing = list(DEPLOYMENTS)
    while served.poll() is None:
        while (
            httpx.get(f"{api}/deployments/name/{missing[0]}", timeout=10, trust_env=False).status_code == 200
        ):
            missing.pop(0)
            if not missing:
                return
        time.sleep(0.2)
    raise _ended(place, served)


def _ended(place: Home, served: subprocess.Popen[bytes]) -> RetryLater:
    log = place.path / "logs" / "serve.log"
    return RetryLater(f"what serves the deployments ended with code {served.returncode}; see {log}")


def _check_free(port: int) -> None:
    """Refuse a port that is taken: a server of somebody else might answer there as if it were ours."""
    with socket.socket() as listener:
        # As servers do it: connections of one that has ended do not keep its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise FixTheConfiguration(
                f"port {port} cannot be served on: {(error.strerror or str(error)).lower()}",
                next_command="conductor up --port 0",
            ) from None


def _locked(note: TextIO) -> bool:
    """Lock the file as long as this process lives; False if another process has it."""
    try:
        fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted(note: TextIO) -> Mapping[str, str]:
    """Give the addresses that the process with the lock wrote down."""
    note.seek(0)
    try:
        return json.load(note)
    except ValueError:
        raise RetryLater(
            "another `conductor up` is starting on this home", next_command="conductor up"
        ) from None


def _show(title: str, addresses: Mapping[str, str], as_json: bool) -> None:
    if as_json:
        show.as_json(addresses)
        sys.stdout.flush()
    else:
        show.table(title, ("what", "where"), list(addresses.items()))
