"""Settings in, clients of companies out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import httpx

from conductor.errors import FixTheConfiguration
from conductor.settings import Settings
from conductor.sources import quickbooks
from conductor.sources.adapter import Adapter
from conductor.sources.client import ApiClient
from conductor.sources.consent import Connected, connect
from conductor.sources.login import Login
from conductor.sources.oauth import App, TokenEndpoint
from conductor.sources.pace import Budget, Clock, RateLimiter
from conductor.sources.quickbooks import QuickBooks
from conductor.sources.tokens import TokenStore

System = TypeVar("System")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REAL_TIME = Clock(monotonic=time.monotonic, sleep=time.sleep, random=random.random)


def connector(
    settings: Settings, tokens: TokenStore, now: Callable[[], datetime]
) -> Callable[[str], QuickBooks]:
    """Give what opens a company of the accounting system.

    All companies share one connection pool and one limiter, so that a company's rate holds for the whole
    process.
    """
    return Gate(quickbooks.ADAPTER, settings, tokens, REAL_TIME, now).open


def give_consent(
    settings: Settings,
    tokens: TokenStore,
    now: Callable[[], datetime],
    open_browser: Callable[[str], object],
    *,
    state: str,
    timeout_s: float,
    port: int = 0,
) -> Connected:
    """Have a person consent, and keep the tokens; see `consent.connect`."""
    gate = Gate(quickbooks.ADAPTER, settings, tokens, REAL_TIME, now)
    return gate.connect(open_browser, state=state, timeout_s=timeout_s, port=port)


class Gate(Generic[System]):
    """The way to the companies of one system, as the settings describe it."""

    def __init__(
        self,
        adapter: Adapter[System],
        settings: Settings,
        store: TokenStore,
        clock: Clock,
        now: Callable[[], datetime],
        budget: Budget = Budget(),  # noqa: B008 (frozen)
    ) -> None:
        url = settings.accounting_url.rstrip("/")
        if not url:
            raise FixTheConfiguration(
                "no accounting API is set", next_command="set accounting_url, or run conductor demo"
            )
        # A proxy of the surroundings is for the world outside, never for a server on this machine.
        self._http = httpx.Client(trust_env=urlsplit(url).hostname not in LOOPBACK)
        self._adapter = adapter
        self._endpoints = adapter.endpoints(url)
        self._app = App(settings.accounting_client_id, settings.accounting_client_secret, adapter.scope)
        self._tokens = TokenEndpoint(self._http, self._endpoints.tokens, self._app, clock.monotonic, now)
        self._page_size = settings.page_size
        self._store = store
        self._clock = clock
        self._budget = budget
        self._limiter = RateLimiter(clock, adapter.limits)

    def open(self, company: str) -> System:
        """Give the system for a company; nothing is asked yet."""
        path = self._adapter.company_path.format(company=company)
        client = ApiClient(
            http=self._http,
            base_url=f"{self._endpoints.api}/{path}",
            login=Login(self._adapter.name, company, self._store, self._tokens),
            read=self._adapter.read,
            limiter=self._limiter,
            clock=self._clock,
            budget=self._budget,
        )
        return self._adapter.open(client, self._page_size)

    def connect(
        self, open_browser: Callable[[str], object], *, state: str, timeout_s: float, port: int = 0
    ) -> Connected:
        """Have a person consent; see `consent.connect`."""
        return connect(
            self._endpoints,
            self._app,
            self._tokens,
            self._store,
            open_browser,
            source=self._adapter.name,
            state=state,
            timeout_s=timeout_s,
            port=port,
        )
