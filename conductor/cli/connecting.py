"""Give consent at an accounting system, by a person in a browser or, at the bundled sandbox, by ourselves."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from conductor.settings import Settings
from conductor.sources.connections import give_consent
from conductor.sources.login import connection_name
from conductor.sources.tokens import TOKENS, FileTokenStore, TokenStore


def connect_company(
    tokens: TokenStore,
    settings: Settings,
    open_browser: Callable[[str], object],
    seconds: float,
    port: int = 0,
) -> str:
    """Wait for a person's consent and keep the tokens; give the company that was chosen.

    `port` is that of the redirect address `http://localhost:<port>/callback` that is registered at the vendor.
    """
    connected = give_consent(
        settings,
        tokens,
        lambda: datetime.now(UTC),
        open_browser,
        state=secrets.token_urlsafe(24),
        timeout_s=seconds,
        port=port,
    )
    return connected.company


def connect_sandbox(home: Path, settings: Settings) -> None:
    """Consent for both companies of the sandbox. Repeats: a company that is connected stays as it is."""
    store = FileTokenStore(home / TOKENS)
    for realm in (settings.accounting_realm, settings.group_realm):
        if store.read(connection_name("quickbooks", realm)) is None:
            connect_company(store, settings, consenting(realm), seconds=30)


def consenting(realm: str) -> Callable[[str], object]:
    """Give what stands in for a browser at the sandbox: it says yes for a company."""

    def open_browser(url: str) -> object:
        return httpx.get(f"{url}&auto=1&realm={realm}", follow_redirects=True, timeout=30, trust_env=False)

    return open_browser
