"""What events need of the ledger, and what the relay needs of a subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from conductor.ledger.rows import Event, Verdict


class Outbox(Protocol):
    """Events that wait, who has them, and when who is tried next. Used from several threads."""

    def undelivered(self, subscriber: str, limit: int) -> Sequence[Event]:
        """Give the events that are due for a subscriber, oldest first."""
        ...

    def delivered(self, event_id: str, subscriber: str) -> None:
        """Note that a subscriber has an event."""
        ...

    def failed_delivery(self, event_id: str, subscriber: str, sentence: str) -> None:
        """Note a failed try and why, and put the next one off."""
        ...


class Inbox(Protocol):
    """What a consumer has already done."""

    def effect(self, consumer: str, event: Event) -> AbstractContextManager[Verdict]:
        """Give the verdict to a block that acts on NEW; only if the block ends well is the event closed."""
        ...


class Subscriber(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """The subscriber in the outbox: under another name everything is delivered again."""
        ...

    def deliver(self, event: Event) -> None:
        """Return when the subscriber has the event or no use for it; raise if it has to come again."""
        ...
