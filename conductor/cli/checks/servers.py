"""What answers over HTTP: the accounting system, and Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from conductor.cli.checks.finding import Finding, note, ok, problem
from conductor.cli.home import Home
from conductor.settings import Settings
from conductor.sources.connections import LOOPBACK
from conductor.sources.login import connection_name
from conductor.sources.tokens import TokenStore

LONGEST_SKEW = timedelta(seconds=60)
SOON = timedelta(days=7)


def accounting(
    home: Home, tokens: TokenStore, settings: Settings, now: Callable[[], datetime]
) -> Iterator[Finding]:
    """Ask whether the API answers and what time it has there, and whether people consented. No token is used."""
    if not settings.accounting_url:
        running = home.running("sandbox", "/")
        where = f"runs at {running.url}" if running else "is started by each run"
        yield ok("accounting", f"no API is set: the bundled sandbox {where}")
        return
    yield from _answering(settings.accounting_url, now)
    for name in ("accounting_client_id", "accounting_client_secret"):
        value = getattr(settings, name)
        if not str(value):
            yield problem("accounting", f"{name} is not set", f"set {name}")
    for company in dict.fromkeys((settings.accounting_realm, settings.group_realm)):
        yield _consent(tokens, company, now())


def _answering(url: str, now: Callable[[], datetime]) -> Iterator[Finding]:
    # A proxy of the surroundings is for the world outside, never for a server on this machine.
    outside = urlsplit(url).hostname not in LOOPBACK
    try:
        answer = httpx.get(url, timeout=10, trust_env=outside)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield problem("accounting", f"{url} does not answer ({type(error).__name__})", f"curl -v {url}")
        return
    yield ok("accounting", f"{url} answers")
    if date := answer.headers.get("date"):
        yield clock(parsedate_to_datetime(date) - now(), "the API's")


def clock(skew: timedelta, whose: str) -> Finding:
    """Judge how far another clock is ahead of this machine's."""
    seconds = abs(skew.total_seconds())
    if timedelta(seconds=seconds) > LONGEST_SKEW:
        side = "behind" if skew > timedelta() else "ahead of"
        return problem(
            "clock", f"this machine's clock is {seconds:.0f} s {side} {whose}", "timedatectl status"
        )
    return ok("clock", f"within {LONGEST_SKEW.seconds} s of {whose}")


def _consent(store: TokenStore, company: str, now: datetime) -> Finding:
    again = "conductor connect quickbooks"
    tokens = store.read(connection_name("quickbooks", company))
    if tokens is None:
        return problem("accounting", f"nobody has consented for company {company}", again)
    ends = tokens.consent_ends
    if ends and ends <= now:
        return problem("accounting", f"the consent for company {company} ended on {ends:%Y-%m-%d}", again)
    if ends and ends - now < SOON:
        return note("accounting", f"unused, the consent for company {company} ends on {ends:%Y-%m-%d}", again)
    return ok("accounting", f"company {company} is connected")


def prefect(home: Home, *, answered: bool) -> Iterator[Finding]:
    """Say whether a Prefect server serves this home; for a block's workspace one has `answered` by naming its parts."""
    if answered:
        yield ok("prefect", "the API answers, and the workspace's block is there")
    elif running := home.running("prefect", "/health"):
        yield ok("prefect", f"a server for this home runs at {running.url}")
    else:
        yield note("prefect", "no server runs for this home; each run starts one", "conductor up")
