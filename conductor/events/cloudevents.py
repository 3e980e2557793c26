"""The two facts that a batch announces, and their form on the wire: CloudEvents 1.0, JSON and HTTP.

Specification: https://github.com/cloudevents/spec/tree/v1.0.2/cloudevents (JSON format, HTTP binding).
"""

from __future__ import annotations

import json
import string
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from urllib.parse import quote

from conductor.ledger.rows import Event
from conductor.values import Batch, Slot, Value, digest

STRUCTURED = "application/cloudevents+json; charset=utf-8"
BINARY = "application/json"
# The HTTP binding escapes blanks, quotes and percent signs in headers, and all that is not printable ASCII.
HEADER_SAFE = "".join(sorted(set(string.punctuation) - set('"%')))


class EventType(StrEnum):
    """What can be announced of a batch."""

    DATASET_PUBLISHED = "conductor.dataset.published"
    DATA_READY = "conductor.data.ready"


class Total(Value):
    """Sum of the accepted rows of one currency."""

    currency: str
    amount: Decimal


class Link(Value):
    """Where to look: `rel` says what it is (`table`, `docs`, `report`), `href` where."""

    rel: str
    href: str


class Facts(Value):
    """The payload of both events: counts and sums, never a row."""

    dataset: str
    day: date
    part: str = ""
    version: int
    batch: str
    rows: int
    sums: tuple[Total, ...] = ()
    links: tuple[Link, ...] = ()

    @classmethod
    def of(cls, batch: Batch, rows: int, sums: tuple[Total, ...] = ()) -> Facts:
        """Give the facts of a batch."""
        slot = batch.slot
        return cls(
            dataset=slot.dataset,
            day=slot.day,
            part=slot.part,
            version=batch.version,
            batch=batch.id,
            rows=rows,
            sums=sums,
        )

    @property
    def slot(self) -> Slot:
        """The slot that the facts are about."""
        return Slot(dataset=self.dataset, day=self.day, part=self.part)


def announcement(event_type: EventType, facts: Facts, now: datetime) -> Event:
    """Make an event of facts. Type and batch alone decide its id, so made again it is the same event."""
    return Event(
        id=digest(event_type.value, facts.batch),
        type=event_type.value,
        subject=facts.slot.id,
        batch=facts.batch,
        version=facts.version,
        time=now,
        data=facts.model_dump_json(),
    )


def structured(event: Event, workspace: str) -> bytes:
    """Give the whole event as one JSON body, to be sent as `STRUCTURED`."""
    document = {**_attributes(event, workspace), "datacontenttype": BINARY, "data": json.loads(event.data)}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def binary(event: Event, workspace: str) -> tuple[dict[str, str], bytes]:
    """Give the event as HTTP headers and a body that is its data alone."""
    headers = {
        f"ce-{name}": quote(value, HEADER_SAFE) for name, value in _attributes(event, workspace).items()
    }
    return {**headers, "content-type": BINARY}, event.data.encode()


def _attributes(event: Event, workspace: str) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/cloud-conductor/{quote(workspace, '')}",
        "type": event.type,
        "subject": event.subject,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
