"""Debian's Chromium, which says what it asked for, and what a person does with it in Prefect's UI."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Pictures for the browser's tab that Prefect's own pages ask for in vain.
MISSING = ("/favicon.ico", "/ico/undefined.svg")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="no Chromium: install the system package chromium"
)


@dataclass
class Tab:
    """A page of the browser, the addresses outside this machine that it asked for, and its errors."""

    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


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


def log_in(page: Page, ui: str, auth: str) -> None:
    """Come as a stranger, be asked who it is, and give the auth string, `user:password`."""
    page.set_default_timeout(60_000)
    page.goto(f"{ui}/deployments")
    page.get_by_placeholder("admin:pass").fill(auth)
    page.get_by_role("button", name="Login").click()
    page.get_by_role("link", name="nightly", exact=True).first.wait_for()


def open_form(page: Page, ui: str) -> None:
    """Go from the list of deployments to the form of a custom run, and see the schedule on the way."""
    page.set_default_timeout(60_000)
    page.goto(f"{ui}/deployments")
    page.get_by_role("link", name="nightly", exact=True).first.click()
    page.get_by_text("At 02:00 AM every day").wait_for()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    page.get_by_text("Business day to carry, as YYYY-MM-DD.").wait_for()
    page.get_by_text("Workspace to work in:").wait_for()


def submit(page: Page, day: str) -> None:
    """Choose the day and start the run."""
    page.get_by_role("button", name="date", exact=True).click()
    page.get_by_text("Select date").click()
    page.locator("input[type=date]").fill(day)
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("scheduled to start").first.wait_for()


def look_at_artifact(page: Page, ui: str, run: str, day: str) -> None:
    """Open the story of the batch from the page of its run."""
    page.goto(f"{ui}/runs/flow-run/{run}")
    page.get_by_text("Artifacts", exact=True).click()
    page.get_by_text(f"finance-sales-receipts-{day}").click()
    page.get_by_role("heading", name=f"finance/sales_receipts/{day}, version 1: archived").wait_for()
