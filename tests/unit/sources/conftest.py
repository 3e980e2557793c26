from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from conductor.settings import Settings
from conductor.sources.connections import Gate
from conductor.sources.pace import Budget, Clock
from conductor.sources.quickbooks import ADAPTER, QuickBooks
from conductor.sources.tokens import FileTokenStore, Tokens

from .vendor import CLIENT_ID, CLIENT_SECRET, COMPANY, Vendor


@dataclass
class Hands:
    """A clock that only sleeping moves; `slept` keeps each sleep in seconds."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.time, sleep=self.sleep, random=random.Random(1).random)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    store = FileTokenStore(tmp_path / "tokens", sleep=time.sleep)
    consented = Tokens(
        company=COMPANY, access=SecretStr("canary-access-0"), refresh=SecretStr("canary-refresh-0")
    )
    assert store.replace(f"quickbooks-{COMPANY}", None, consented)
    return store


Opener = Callable[..., QuickBooks]


@pytest.fixture
def opened(vendor: Vendor, store: FileTokenStore, hands: Hands) -> Opener:
    """Open the company with a page size, and with a clock of one's own where time has to be real."""

    def open_company(
        page_size: int = 1000, clock: Clock | None = None, budget: Budget | None = None
    ) -> QuickBooks:
        settings = Settings(
            accounting_url=vendor.url,
            accounting_client_id=CLIENT_ID,
            accounting_client_secret=SecretStr(CLIENT_SECRET),
            page_size=page_size,
        )
        gate = Gate(
            ADAPTER,
            settings,
            store,
            clock or hands.clock,
            lambda: datetime(2026, 11, 21, tzinfo=UTC),
            budget or Budget(),
        )
        return gate.open(COMPANY)

    return open_company
