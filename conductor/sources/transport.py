"""One HTTP exchange: bytes out, bytes in, within a deadline, and no secret in what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from conductor.errors import FixTheConfiguration, RetryLater

SILENCE = httpx.Timeout(connect=10.0, read=30.0, write=30.0, pool=30.0)
"""Seconds that the other side may say nothing at all."""


@dataclass(frozen=True)
class RawAnswer:
    """What came back, not yet judged; `body` without its content encoding, `seconds` for all of it."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float

    @property
    def trace(self) -> str:
        """The vendor's id of the exchange, for support; empty if there is none."""
        return self.headers.get("intuit_tid", "")

    @property
    def date(self) -> datetime | None:
        """The server's clock."""
        return _http_date(self.headers.get("date", ""))

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the server asks to wait; a date is read by the server's own clock, not ours."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        until, now = _http_date(text), self.date
        return max(0.0, (until - now).total_seconds()) if until and now else None


def fetch(
    http: httpx.Client, request: httpx.Request, monotonic: Callable[[], float], deadline_s: float
) -> RawAnswer:
    """Send a request and read the whole answer, at most `deadline_s` seconds however slowly it drips.

    Errors: `RetryLater` where nothing, or not all, came back; `FixTheConfiguration` for an address that
    cannot be one.
    """
    begin = monotonic()
    try:
        response = http.send(request, stream=True)
        try:
            chunks: list[bytes] = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if monotonic() - begin > deadline_s:
                    raise RetryLater(f"{request.url.host} took longer than {deadline_s:g} s to answer")
        finally:
            response.close()
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise FixTheConfiguration(f"{request.url.host!r} is not an address of an HTTP service") from None
    except httpx.HTTPError as error:
        raise RetryLater(f"{request.url.host} did not answer ({type(error).__name__})") from error
    return RawAnswer(response.status_code, response.headers, b"".join(chunks), monotonic() - begin)


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
