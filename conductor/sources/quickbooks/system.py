"""QuickBooks Online as a source of documents and as books."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from conductor.records import canonical_sha256, write_records
from conductor.sources.client import ApiClient
from conductor.sources.journal import Account, Entry, NewEntry
from conductor.sources.protocol import Known
from conductor.sources.quickbooks import books
from conductor.sources.quickbooks.changes import changed_days
from conductor.sources.quickbooks.entities import entity_named
from conductor.sources.quickbooks.reading import read_all
from conductor.values import Extract, LocalPart, Slot

RECORDS = "records.parquet"


class QuickBooks:
    """One company. `page_size` is at most 1000; the service may send fewer rows than that."""

    def __init__(self, client: ApiClient, page_size: int = 1000) -> None:
        self.client = client
        self._page_size = page_size

    @property
    def name(self) -> str:
        """`quickbooks:<company>`, which is part of a raw object's identity."""
        return f"quickbooks:{self.client.company}"

    def extract(self, entity: str, slot: Slot, into: Path) -> Extract:
        """Read all documents of a slot's day.

        `into` gets the pages as they came (`page-0001.json`, …), on disk before the next one is asked for,
        and `records.parquet`, one row per record line; what it held of an earlier attempt is replaced.
        """
        query = entity_named(entity).of_day(slot.day)
        pages = _Pages(into)
        listing = read_all(self.client, query, self._page_size, pages.keep)
        records = into / RECORDS
        rows = write_records(listing.documents, records)
        return Extract(
            slot=slot,
            source=self.name,
            request=query.rows,
            parts=tuple(_part(path) for path in pages.paths),
            records=_part(records),
            rows=rows,
            documents=len(listing.documents),
            canonical_sha256=canonical_sha256(listing.documents),
            as_of=listing.as_of,
        )

    def changed_days(
        self, entity: str, known: Mapping[date, Known], upto: date, lookback_days: int
    ) -> tuple[date, ...]:
        """Give the days, in order, whose documents are not what they were when they were last read."""
        return changed_days(self.client, entity_named(entity), known, upto, lookback_days)

    def accounts(self) -> tuple[Account, ...]:
        """Give the chart of accounts, inactive ones included."""
        return books.accounts(self.client, self._page_size)

    def home_currency(self) -> str:
        """Give the currency in which the books are kept."""
        return books.home_currency(self.client)

    def find_entries(self, prefix: str) -> tuple[Entry, ...]:
        """Give the journal entries whose document number begins so."""
        return books.find_entries(self.client, prefix, self._page_size)

    def post_entry(self, entry: NewEntry, request_id: str) -> Entry:
        """Post an entry, once per request id however often it is called."""
        return books.post_entry(self.client, entry, request_id)


class _Pages:
    """The pages of one reading as files; page 1 begins a new reading."""

    def __init__(self, folder: Path) -> None:
        self.paths: list[Path] = []
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, number: int, body: bytes) -> None:
        """Write a page, durably."""
        if number == 1:
            for old in self._folder.glob("page-*.json"):
                old.unlink()
            self.paths.clear()
        path = self._folder / f"page-{number:04}.json"
        with path.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        self.paths.append(path)


def _part(path: Path) -> LocalPart:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return LocalPart(name=path.name, path=str(path), size=path.stat().st_size, sha256=sha256)
