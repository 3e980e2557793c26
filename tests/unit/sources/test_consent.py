"""First consent, with a real callback server and something that acts as the browser."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from conductor.errors import FixTheConfiguration
from conductor.settings import Settings
from conductor.sources.connections import give_consent
from conductor.sources.consent import Connected
from conductor.sources.tokens import FileTokenStore

from .vendor import CLIENT_ID, CLIENT_SECRET, COMPANY, Vendor

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STATE = "unguessable-state"


def browse(url: str) -> httpx.Response:
    return httpx.get(url, follow_redirects=True, trust_env=False, timeout=10)


def consent(
    vendor: Vendor, folder: Path, browser: Callable[[str], object], timeout_s: float = 30
) -> Connected:
    settings = Settings(
        accounting_url=vendor.url,
        accounting_client_id=CLIENT_ID,
        accounting_client_secret=SecretStr(CLIENT_SECRET),
    )
    return give_consent(
        settings, FileTokenStore(folder), lambda: NOW, browser, state=STATE, timeout_s=timeout_s
    )


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_consent_leaves_the_companys_tokens_in_the_store(vendor: Vendor, tmp_path: Path) -> None:
    pages: list[httpx.Response] = []
    folder = tmp_path / "tokens"
    assert consent(vendor, folder, lambda url: pages.append(browse(url))) == Connected(
        COMPANY, f"quickbooks-{COMPANY}"
    )
    assert pages[0].status_code == 200
    assert "Consent has arrived" in pages[0].text
    stored = FileTokenStore(folder).read(f"quickbooks-{COMPANY}")
    assert stored
    assert (stored.access.get_secret_value(), stored.refresh.get_secret_value()) == (
        vendor.access,
        vendor.refresh,
    )
    assert stored.consent_ends == NOW + timedelta(seconds=8726400)


def test_the_address_asks_for_a_code_for_this_app(vendor: Vendor, tmp_path: Path) -> None:
    addresses: list[str] = []

    def browser(url: str) -> None:
        addresses.append(url)
        browse(url)

    consent(vendor, tmp_path / "tokens", browser)
    assert addresses[0].startswith(f"{vendor.url}/connect/oauth2?")
    query = asked(addresses[0])
    redirect = query.pop("redirect_uri")
    assert urlsplit(redirect).hostname == "localhost"
    assert query == {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "state": STATE,
    }


def test_consent_given_anew_replaces_what_was_stored(vendor: Vendor, tmp_path: Path) -> None:
    for _ in range(2):
        consent(vendor, tmp_path / "tokens", browse)
    stored = FileTokenStore(tmp_path / "tokens").read(f"quickbooks-{COMPANY}")
    assert stored
    assert stored.refresh.get_secret_value() == vendor.refresh == "canary-refresh-2"


def test_an_answer_without_our_state_is_turned_away_and_the_true_one_still_taken(
    vendor: Vendor, tmp_path: Path
) -> None:
    statuses: list[int] = []

    def browser(url: str) -> None:
        redirect = asked(url)["redirect_uri"].replace("localhost", "127.0.0.1")
        forged = (
            {"code": "evil", "realmId": "666", "state": "guess"},
            {"code": "evil", "realmId": "666"},
            {"state": STATE},
        )
        statuses.extend(httpx.get(redirect, params=query, trust_env=False).status_code for query in forged)
        statuses.append(httpx.get(redirect.replace("/callback", "/favicon.ico"), trust_env=False).status_code)
        browse(url)

    assert consent(vendor, tmp_path / "tokens", browser).company == COMPANY
    assert statuses == [400, 400, 400, 404]


def test_refusal_in_the_browser_is_said_so(vendor: Vendor, tmp_path: Path) -> None:
    def browser(url: str) -> None:
        redirect = asked(url)["redirect_uri"].replace("localhost", "127.0.0.1")
        httpx.get(redirect, params={"error": "access_denied", "state": STATE}, trust_env=False)

    with pytest.raises(FixTheConfiguration, match="refused in the browser") as caught:
        consent(vendor, tmp_path / "tokens", browser)
    assert caught.value.next_command == "conductor connect quickbooks"


def test_nobody_consenting_ends_in_time_and_leaves_no_server(vendor: Vendor, tmp_path: Path) -> None:
    addresses: list[str] = []
    with pytest.raises(FixTheConfiguration, match=r"nobody consented within 0\.1 s"):
        consent(vendor, tmp_path / "tokens", addresses.append, timeout_s=0.1)
    redirect = asked(addresses[0])["redirect_uri"].replace("localhost", "127.0.0.1")
    with pytest.raises(httpx.ConnectError):
        httpx.get(redirect, trust_env=False)
    assert not [thread for thread in threading.enumerate() if thread.name == "consent"]


def test_a_code_that_the_vendor_does_not_know_stores_nothing(vendor: Vendor, tmp_path: Path) -> None:
    def browser(url: str) -> None:
        redirect = asked(url)["redirect_uri"].replace("localhost", "127.0.0.1")
        httpx.get(
            redirect, params={"code": "canary-stale", "realmId": COMPANY, "state": STATE}, trust_env=False
        )

    with pytest.raises(FixTheConfiguration) as caught:
        consent(vendor, tmp_path / "tokens", browser)
    assert "canary" not in str(caught.value)
    assert FileTokenStore(tmp_path / "tokens").read(f"quickbooks-{COMPANY}") is None
