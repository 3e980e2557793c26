"""A sandbox that listens, a clock that stands still until it is moved, and a client that reads exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import simplejson

from sandbox.quickbooks import SHOP, Sandbox

SEED = 20261120
DAY = date(2026, 11, 20)
CLIENT = ("app", "app-secret")
CONTROL = "control-token"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 17, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Caller:
    """A person at the API of one company, with an access token."""

    def __init__(self, sandbox: Sandbox, realm: str) -> None:
        self.sandbox, self.realm = sandbox, realm
        self.tokens = sandbox.consent(realm)
        self.http = httpx.Client(base_url=sandbox.url, timeout=10)

    def get(self, path: str, **parameters: str) -> httpx.Response:
        address = f"/v3/company/{self.realm}/{path}"
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return self.http.get(address, params=parameters, headers=headers)

    def query(self, statement: str) -> Any:
        return read(self.get("query", query=statement))["QueryResponse"]

    def refused(self, statement: str) -> tuple[int, str]:
        answer = self.get("query", query=statement)
        return answer.status_code, read(answer)["Fault"]["Error"][0]["code"]

    def post(self, path: str, body: Any, **parameters: str) -> httpx.Response:
        address = f"/v3/company/{self.realm}/{path}"
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        content = simplejson.dumps(body, use_decimal=True)
        return self.http.post(address, params=parameters, headers=headers, content=content)

    def whole_day(self, day: date = DAY, page: int = 1000) -> list[Any]:
        """Read a day page by page, forward by what came, until a page is empty."""
        rows: list[Any] = []
        while True:
            where = f"WHERE TxnDate = '{day}' ORDERBY Id"
            paging = f"STARTPOSITION {len(rows) + 1} MAXRESULTS {page}"
            got = self.query(f"SELECT * FROM SalesReceipt {where} {paging}").get("SalesReceipt", [])
            if not got:
                return rows
            rows += got

    def refresh(self, token: str | None = None) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token or self.tokens["refresh_token"]}
        return self.http.post("/oauth2/v1/tokens/bearer", data=form, auth=CLIENT)


def read(answer: httpx.Response) -> Any:
    """Read an answer with its fractions as Decimal."""
    return simplejson.loads(answer.content, use_decimal=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes; all are stopped in the end."""
    running: list[Sandbox] = []

    def started(**options: Any) -> Sandbox:
        chosen = {"seed": SEED, "receipts_per_day": 120, "control_token": CONTROL, **options}
        sandbox = Sandbox(clock=clock, client_id=CLIENT[0], client_secret=CLIENT[1], **chosen)
        running.append(sandbox)
        return sandbox.start()

    yield started
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def call() -> Iterator[Callable[..., Caller]]:
    """Give callers; their connections are closed in the end."""
    callers: list[Caller] = []

    def caller(sandbox: Sandbox, realm: str = SHOP.realm) -> Caller:
        callers.append(Caller(sandbox, realm))
        return callers[-1]

    yield caller
    for each in callers:
        each.http.close()
