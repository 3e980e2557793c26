"""POST a message to an address that may itself be a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from conductor.errors import FixTheConfiguration, RetryLater

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class SlowDown(RetryLater):
    """The receiver cannot take it now. `seconds` is the wait it asks for, None if it names none."""

    def __init__(self, sentence: str, seconds: float | None) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def direct() -> httpx.BaseTransport:
    """Give a transport that reads no proxy or certificate settings from the surroundings."""
    return httpx.HTTPTransport(trust_env=False)


@dataclass(frozen=True)
class Webhook:
    """Where to POST. `receiver` is its name in sentences; `timeout` in seconds, for connecting and answering.

    A request goes straight to the transport: an httpx client would write the address into the log at level
    INFO, and a webhook's address is its password. No sentence holds it, and redirects are not followed.
    """

    receiver: str
    url: str = field(repr=False)
    timeout: float = 10.0
    transport: httpx.BaseTransport = field(default_factory=direct, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise FixTheConfiguration(f"the address of {self.receiver} is not an http or https URL")

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Hand over a body; any 2xx is success. Raises `RetryLater` or `FixTheConfiguration` otherwise."""
        request = httpx.Request(
            "POST",
            self.url,
            content=body,
            headers=headers,
            extensions={"timeout": httpx.Timeout(self.timeout).as_dict()},
        )
        try:
            response = self.transport.handle_request(request)
        except httpx.TransportError as error:
            # Not chained: the cause carries the request, and with it the address.
            raise RetryLater(f"{self.receiver} did not answer: {type(error).__name__}") from None
        response.close()  # the status says it all, so a body that never ends costs nothing
        self._judge(response)

    def _judge(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.status_code in TRY_AGAIN:
            asked = response.headers.get("retry-after", "")
            seconds = float(asked) if asked.isdecimal() else None
            raise SlowDown(f"{self.receiver} answered {response.status_code}", seconds)
        raise FixTheConfiguration(f"{self.receiver} refused the message: it answered {response.status_code}")
