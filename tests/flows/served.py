"""`conductor up` as a person starts it, and a browser that says what it asked for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Pictures for the browser's tab that Prefect's own pages ask for in vain.
MISSING = ("/favicon.ico", "/ico/undefined.svg")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="no Chromium: install the system package chromium"
)


@dataclass
class Up:
    """A running `conductor up` and the addresses that it printed."""

    process: subprocess.Popen[str]
    addresses: dict[str, str]


@dataclass
class Tab:
    """A page of the browser, the addresses outside this machine that it asked for, and its errors."""

    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def command(home: Path, *more: str) -> list[str]:
    """Give the command line of `conductor up` on a home."""
    return [sys.executable, "-m", "conductor.cli.main", "up", "--home", str(home), "--receipts", "120", *more]


@contextmanager
def up(home: Path) -> Generator[Up]:
    """Serve a home for the body, then end as at Ctrl-C; its addresses come when all of it answers."""
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command(home, "--port", "0", "--json"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                lines.append(process.stdout.readline())
                if not lines[-1]:
                    complaints.seek(0)
                    pytest.fail(f"`conductor up` ended: {complaints.read()}")
            yield Up(process, json.loads("".join(lines)))
        finally:
            process.send_signal(signal.SIGINT)
            if code := process.wait(timeout=60):
                complaints.seek(0)
                pytest.fail(f"`conductor up` ended with code {code}: {complaints.read()}")


@contextmanager
def browser(**context: object) -> Generator[Tab]:
    """Open a fresh Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = Tab(chromium.new_context(**context).new_page())  # pyright: ignore[reportArgumentType]
        tab.page.on("request", lambda request: _note_outside(tab, request))
        tab.page.on("console", lambda message: _note_error(tab, message))
        tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
        yield tab
        chromium.close()


def _note_outside(tab: Tab, request: Request) -> None:
    url = urlsplit(request.url)
    if url.scheme not in ("file", "data", "blob") and url.hostname not in LOOPBACK:
        tab.outside.append(request.url)


def _note_error(tab: Tab, message: ConsoleMessage) -> None:
    if message.type == "error" and not message.location["url"].endswith(MISSING):
        tab.errors.append(f"{message.text} {message.location['url']}")
