"""Open a workspace for a command, and the servers that running a flow needs."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from conductor.cli.connecting import connect_sandbox
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.servers import accounting_sandbox, prefect_server
from conductor.errors import FixTheConfiguration, RetryLater
from conductor.settings import load_settings
from conductor.workspace import Workspace

DEBUG = "CONDUCTOR_DEBUG"
"""Variable of the environment that `--debug` sets: errors come with their stack traces."""


@contextmanager
def opened(home: Path, workspace: str, *, known_by: str = "ledger.sqlite") -> Generator[Workspace]:
    """Open a workspace for a command that reads or mends. An embedded home that was never used is `FixTheConfiguration`.

    `known_by` is the part that shows that it was used.
    """
    if workspace == EMBEDDED and not (home / known_by).exists():
        raise FixTheConfiguration(
            f"there is no workspace at {home.absolute()}" + (": it is a file" if home.is_file() else ""),
            next_command="conductor demo, or name its folder with --home",
        )
    found = _open(home, workspace)
    try:
        yield found
    finally:
        found.close()


def _open(home: Path, workspace: str) -> Workspace:
    from flows.steps.opening import new_run_id, open_workspace, utc_now

    with prefect_answering(workspace):
        return open_workspace(workspace, {**os.environ, "CONDUCTOR_HOME": str(home)}, utc_now, new_run_id())


@contextmanager
def prefect_answering(workspace: str) -> Generator[None]:
    """Have a Prefect API for the body if the workspace is a block; Prefect by itself would start a server for the time being."""
    if workspace == EMBEDDED:
        yield
        return
    with prefect_api(f"the workspace {workspace!r} would be a block there"):
        yield


@contextmanager
def prefect_api(wanted: str) -> Generator[None]:
    """Have the Prefect API that is set for the body; `wanted` says, for where none is, what would be there."""
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        raise FixTheConfiguration(
            f"no Prefect API is set, and {wanted}",
            next_command="prefect config set PREFECT_API_URL=https://…/api",
        )
    try:
        yield
    except (httpx.HTTPError, RuntimeError):
        raise RetryLater(f"Prefect's API at {url} does not answer", next_command="prefect version") from None


@contextmanager
def ready_to_run(home: Home, workspace: str, *, receipts_per_day: int | None = None) -> Generator[None]:
    """Have a Prefect API and an accounting system at hand while flows run in this process.

    For the embedded workspace both are this home's own, and nothing of the surroundings' Prefect is seen. Import flows inside.
    What is wrong with the workspace is said before any server starts.
    """
    if workspace == EMBEDDED:
        home.make()
    _open(home.path, workspace).close()
    with ExitStack() as stack:
        if workspace == EMBEDDED:
            stack.enter_context(accounting_at_hand(home, receipts_per_day))
            isolate(home, stack.enter_context(prefect_server(home)))
        if DEBUG not in os.environ:
            _hush()
        stack.callback(_hand_over_logs)
        yield


@contextmanager
def accounting_at_hand(home: Home, receipts_per_day: int | None = None) -> Generator[None]:
    """Have the home's accounting system answer meanwhile: the one that is set or, where none is, the bundled sandbox."""
    if load_settings(home.path, os.environ).accounting_url:
        yield
        return
    with accounting_sandbox(home.make(), receipts_per_day) as url:
        use_sandbox(home, url)
        yield


def _hush() -> None:
    """Let Prefect not show the stack trace of a failed run: what we say of it is one sentence."""
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    logging.raiseExceptions = False


def _hand_over_logs() -> None:
    """Wait for the lines that Prefect still has to send, while its server is there."""
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()


def use_sandbox(home: Home, url: str) -> None:
    """Let this process, and what it starts, take the sandbox for the accounting system; consent is given on the way."""
    os.environ["CONDUCTOR_ACCOUNTING_URL"] = url
    credentials = home.sandbox_credentials()
    os.environ["CONDUCTOR_ACCOUNTING_CLIENT_ID"] = credentials.client_id
    os.environ["CONDUCTOR_ACCOUNTING_CLIENT_SECRET"] = credentials.client_secret
    connect_sandbox(home.path, load_settings(home.path, os.environ))


def isolate(home: Home, api_url: str) -> None:
    """Make this process see this home's Prefect and no other. Prefect reads its settings once: call it before importing flows."""
    environment = home.prefect_environment(os.environ, api_url)
    os.environ.clear()
    os.environ.update(environment)
