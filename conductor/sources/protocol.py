"""What every accounting system offers, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from conductor.sources.journal import Account, Entry, NewEntry
from conductor.values import Extract, Slot


class Known(Protocol):
    """What is known of a day: the documents of its newest extract, and the source's clock when it began."""

    @property
    def documents(self) -> int:
        """Number of documents."""
        ...

    @property
    def as_of(self) -> datetime:
        """The source's clock, with its zone."""
        ...


class Source(Protocol):
    """A system that documents are read from.

    Errors: `RetryLater` when it does not answer or its lists keep changing; `FixTheConfiguration` for a
    refused login, a wrong address or an unknown entity.
    """

    def extract(self, entity: str, slot: Slot, into: Path) -> Extract:
        """Read all documents of a slot; pages and records become files in the folder `into`."""
        ...

    def changed_days(
        self, entity: str, known: Mapping[date, Known], upto: date, lookback_days: int
    ) -> tuple[date, ...]:
        """Give the days, in order, whose documents are not what they were when they were last read."""
        ...


class Books(Protocol):
    """A company's books. Errors as for `Source`; further `FixTheData` and, for a closed period,
    `ApprovalNeeded`.
    """

    def accounts(self) -> tuple[Account, ...]:
        """Give the chart of accounts, inactive ones included."""
        ...

    def home_currency(self) -> str:
        """Give the currency in which the books are kept."""
        ...

    def find_entries(self, prefix: str) -> tuple[Entry, ...]:
        """Give the journal entries whose document number begins so."""
        ...

    def post_entry(self, entry: NewEntry, request_id: str) -> Entry:
        """Post an entry, once per request id however often it is called."""
        ...
