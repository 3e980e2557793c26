from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from conductor.events.cloudevents import EventType, Facts, Total, announcement
from conductor.ledger import Event, Ledger
from conductor.ledger.outbox import put

DATASET = "finance/sales_receipts"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, span: timedelta) -> None:
        self.time += span


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    """A ledger in a SQLite file."""
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock)
    opened.migrate()
    yield opened
    opened.close()


def fact(
    day: int = 21, version: int = 1, kind: EventType = EventType.DATA_READY, dataset: str = DATASET
) -> Event:
    """An event about the day of November 2026 in a version."""
    facts = Facts(
        dataset=dataset,
        day=date(2026, 11, day),
        version=version,
        batch=f"batch-{day}-{version}",
        rows=2,
        sums=(Total(currency="EUR", amount=Decimal("10.10")),),
    )
    return announcement(kind, facts, datetime(2026, 11, 25, 2, 30, tzinfo=UTC))


def announce(ledger: Ledger, *events: Event) -> None:
    """Put events into the outbox, in one transaction."""
    ledger.database.write(lambda connection: put(connection, events))
