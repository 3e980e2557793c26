"""Where pipelines are measured: servers of our own, and for each run a home that nothing has touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conductor.cli.connecting import connect_sandbox
from conductor.cli.home import Home
from conductor.cli.servers import prefect_server
from conductor.cli.session import isolate
from conductor.settings import PREFIX, load_settings


@dataclass(frozen=True)
class Accounting:
    """An accounting sandbox that listens at `url`, and the app that it knows."""

    url: str
    client_id: str
    client_secret: str


@contextmanager
def prefect(folder: Path) -> Generator[None]:
    """Have a Prefect server for the body and nothing of the surroundings. Import flows inside: Prefect reads its settings once."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    home = Home(folder).make()
    with prefect_server(home) as url:
        isolate(home, url)
        yield


@contextmanager
def accounting(seed: int, receipts: int) -> Generator[Accounting]:
    """Serve an accounting sandbox in a process of its own; the same seed and number give the same receipts."""
    sandbox = ("-m", "sandbox", "quickbooks", "--seed", str(seed), "--receipts", str(receipts))
    command = [sys.executable, "-m", "conductor.cli.child", sys.executable, *sandbox]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        try:
            yield Accounting(ready["url"], ready["client_id"], ready["client_secret"])
        finally:
            process.terminate()


def enter(home: Path, source: Accounting) -> None:
    """Make a fresh home the one that `embedded` means in this process, with consent given at its accounting system."""
    Home(home).make()
    os.environ["CONDUCTOR_HOME"] = str(home)
    os.environ["CONDUCTOR_ACCOUNTING_URL"] = source.url
    os.environ["CONDUCTOR_ACCOUNTING_CLIENT_ID"] = source.client_id
    os.environ["CONDUCTOR_ACCOUNTING_CLIENT_SECRET"] = source.client_secret
    connect_sandbox(home, load_settings(home, os.environ))
