"""Open a workspace for a command, and the servers that running a flow needs."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from conductor.cli.connecting import connect_sandbox
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.servers import accounting_sandbox, prefect_server
from conductor.errors import FixTheConfiguration
from conductor.settings import load_settings
from conductor.workspace import Workspace

RECEIPTS_PER_DAY = 5_000


@contextmanager
def opened(home: Path, workspace: str) -> Generator[Workspace]:
    """Open a workspace for a command that reads or mends. An embedded home that was never used is `FixTheConfiguration`."""
    from flows.steps.opening import new_run_id, open_workspace, utc_now

    if workspace == EMBEDDED and not (home / "ledger.sqlite").exists():
        raise FixTheConfiguration(
            f"there is no workspace at {home.absolute()}",
            next_command="conductor demo, or name its folder with --home",
        )
    found = open_workspace(workspace, {**os.environ, "CONDUCTOR_HOME": str(home)}, utc_now, new_run_id())
    try:
        yield found
    finally:
        found.close()


@contextmanager
def ready_to_run(home: Home, workspace: str, *, receipts_per_day: int = RECEIPTS_PER_DAY) -> Generator[None]:
    """Have a Prefect API and an accounting system at hand while flows run in this process.

    For the embedded workspace both are this home's own, and nothing of the surroundings' Prefect is seen. Import flows inside.
    """
    if workspace != EMBEDDED:
        yield
        return
    home.make()
    settings = load_settings(home.path, os.environ)
    with ExitStack() as stack:
        if not settings.accounting_url:
            url = stack.enter_context(accounting_sandbox(home, receipts_per_day))
            use_sandbox(home, url)
        api_url = stack.enter_context(prefect_server(home))
        isolate(home, api_url)
        yield


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
