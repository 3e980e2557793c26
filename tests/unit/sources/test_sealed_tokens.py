"""Tokens in the ledger: sealed, replaced by one pod at a time, and no rotation is lost between pods that share nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from servers.warehouses import new_database
from sqlalchemy import create_engine, text

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.ledger import Ledger
from conductor.sources.sealed_tokens import SealedTokenStore
from conductor.sources.tokens import Tokens

from .vendor import CLIENT_ID, CLIENT_SECRET, COMPANY, Vendor

ROOT = Path(__file__).parents[3]
NAME = f"quickbooks-{COMPANY}"
KEY, OTHER_KEY = (Fernet.generate_key().decode() for _ in range(2))
REFRESHER = """
import sys, time
from datetime import UTC, datetime
import httpx
from pydantic import SecretStr
from conductor.ledger import Ledger
from conductor.sources.login import Login
from conductor.sources.oauth import App, TokenEndpoint
from conductor.sources.sealed_tokens import SealedTokenStore

ledger, key, url, company, client_id, secret, rounds = sys.argv[1:]
app = App(client_id, SecretStr(secret), "scope")
endpoint = TokenEndpoint(httpx.Client(), url, app, time.monotonic, lambda: datetime(2026, 11, 21, tzinfo=UTC))
store = SealedTokenStore(Ledger(ledger, lambda: datetime.now(UTC)), SecretStr(key))
login = Login("quickbooks", company, store, endpoint)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(rounds)):
    refused = login.tokens()
    assert login.renew(refused).access != refused.access
"""


def tokens(number: int) -> Tokens:
    return Tokens(
        company=COMPANY,
        access=SecretStr(f"canary-access-{number}"),
        refresh=SecretStr(f"canary-refresh-{number}"),
    )


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a new ledger."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return new_database(request.getfixturevalue("postgres_url"), "ledger")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Give a new ledger."""
    found = Ledger(url, lambda: datetime.now(UTC))
    found.migrate()
    yield found
    found.close()


def store(ledger: Ledger, keys: str = KEY, **how: object) -> SealedTokenStore:
    return SealedTokenStore(ledger, SecretStr(keys), **how)  # type: ignore[arg-type]


def test_tokens_come_back_and_the_database_holds_nothing_to_read(ledger: Ledger, url: str) -> None:
    assert store(ledger).read(NAME) is None
    assert store(ledger).replace(NAME, None, tokens(1))
    assert store(ledger).read(NAME) == tokens(1)
    assert store(ledger).read("quickbooks-2") is None
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM tokens")).all()
    engine.dispose()
    assert len(rows) == 1
    assert "canary" not in str(rows)
    assert COMPANY not in str(rows[0].sealed)


def test_replacing_what_is_no_longer_there_changes_nothing(ledger: Ledger) -> None:
    here, there = store(ledger), store(ledger)
    assert here.replace(NAME, None, tokens(1))
    assert not there.replace(NAME, None, tokens(2))
    assert not there.replace(NAME, tokens(3), tokens(2))
    assert there.read(NAME) == tokens(1)
    assert there.replace(NAME, tokens(1), tokens(2))
    assert here.read(NAME) == tokens(2)


def test_of_many_that_replace_the_same_tokens_one_succeeds(ledger: Ledger) -> None:
    store(ledger).replace(NAME, None, tokens(0))
    outcomes: dict[int, bool] = {}
    gate = threading.Barrier(6)

    def replace(number: int) -> None:
        mine = store(ledger)
        gate.wait()
        outcomes[number] = mine.replace(NAME, tokens(0), tokens(number))

    threads = [threading.Thread(target=replace, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [number for number, won in outcomes.items() if won]
    assert len(outcomes) == 6
    assert len(winners) == 1
    assert store(ledger).read(NAME) == tokens(winners[0])


def test_a_second_refresher_waits_and_in_the_end_gives_up(ledger: Ledger) -> None:
    slept: list[float] = []
    here, there = store(ledger), store(ledger, sleep=slept.append, patience_s=3)
    with here.refreshing(NAME):
        with pytest.raises(RetryLater, match="another pod"), there.refreshing(NAME):
            pass
        with there.refreshing("quickbooks-2"):
            pass  # another company is not held up
        assert there.replace(NAME, None, tokens(1))  # nor is writing
    assert sum(slept) >= 3
    with there.refreshing(NAME):
        pass


def test_a_key_is_replaced_by_putting_the_new_one_first(ledger: Ledger) -> None:
    store(ledger, OTHER_KEY).replace(NAME, None, tokens(1))
    with pytest.raises(FixTheConfiguration, match="sealed with another key"):
        store(ledger).read(NAME)
    both = store(ledger, f"{KEY},{OTHER_KEY}")
    assert both.read(NAME) == tokens(1)
    assert both.replace(NAME, tokens(1), tokens(2))
    assert store(ledger).read(NAME) == tokens(2)


@pytest.mark.parametrize("key", ["canary", "", "canary" * 10])
def test_what_is_no_key_is_refused_and_not_told(ledger: Ledger, key: str) -> None:
    with pytest.raises(FixTheConfiguration, match="not a Fernet key") as caught:
        store(ledger, key)
    assert "canary" not in str(caught.value)


def test_a_connection_is_a_name(ledger: Ledger) -> None:
    with pytest.raises(FixTheConfiguration, match="not a connection"):
        store(ledger).read("../elsewhere")


def test_pods_that_refresh_at_once_never_lose_a_rotation(vendor: Vendor, ledger: Ledger, url: str) -> None:
    """Every refresh kills the token before it: a refresher that used an old one, or lost a new one, would be locked out."""
    consented = Tokens(
        company=COMPANY, access=SecretStr("canary-access-0"), refresh=SecretStr("canary-refresh-0")
    )
    assert store(ledger).replace(NAME, None, consented)
    arguments = (url, KEY, f"{vendor.url}/oauth2/v1/tokens/bearer", COMPANY, CLIENT_ID, CLIENT_SECRET, "5")
    pods = [
        subprocess.Popen(
            [sys.executable, "-c", REFRESHER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    for pod in pods:
        assert pod.stdout
        assert pod.stdout.readline() == "ready\n"
    for pod in pods:
        assert pod.stdin
        pod.stdin.write("go\n")
        pod.stdin.flush()
    for pod in pods:
        _, errors = pod.communicate(timeout=300)
        assert pod.returncode == 0, errors
    assert vendor.invalid_grants == 0
    assert 5 <= vendor.refreshes <= 10  # whoever comes second takes the first one's tokens
    stored = store(ledger).read(NAME)
    assert stored
    assert (stored.access.get_secret_value(), stored.refresh.get_secret_value()) == (
        vendor.access,
        vendor.refresh,
    )
