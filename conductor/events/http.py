"""A subscriber at the other end of an HTTP POST."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from conductor.errors import FixTheConfiguration
from conductor.events.cloudevents import STRUCTURED, EventType, structured
from conductor.ledger.rows import Event
from conductor.notify.webhook import Webhook

PREFIX = "whsec_"


@dataclass(frozen=True)
class HttpSubscriber:
    """Send events as structured CloudEvents, signed as https://www.standardwebhooks.com describes.

    Each try has the same `webhook-id`, by which the receiver knows a repeat, and a fresh timestamp, by which
    it refuses a replay. While a secret is being replaced both are given, and one of the signatures fits.
    """

    name: str
    workspace: str
    webhook: Webhook
    now: Callable[[], datetime]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    types: frozenset[str] = frozenset(EventType)

    def __post_init__(self) -> None:
        for secret in self.secrets:
            _key(secret)

    def deliver(self, event: Event) -> None:
        """POST the event; any 2xx is delivered. One try: the outbox keeps the waits."""
        if event.type not in self.types:
            return
        body = structured(event, self.workspace)
        sent_at = str(int(self.now().timestamp()))
        headers = {"content-type": STRUCTURED, "webhook-id": event.id, "webhook-timestamp": sent_at}
        if self.secrets:
            signed = [signature(secret, event.id, sent_at, body) for secret in self.secrets]
            headers["webhook-signature"] = " ".join(signed)
        self.webhook.post(body, headers)


def signature(secret: str, message_id: str, sent_at: str, body: bytes) -> str:
    """Give `v1,` and the base64 of the HMAC-SHA256 over id, timestamp and raw body, joined by dots."""
    content = b".".join((message_id.encode(), sent_at.encode(), body))
    mac = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise FixTheConfiguration("a webhook secret is whsec_ and the base64 of 24 to 64 random bytes")
    return key
