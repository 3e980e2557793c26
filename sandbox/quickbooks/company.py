"""One company: its documents and lists, asked for by query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Protocol, TypeVar

from sandbox.quickbooks import catalogue, tables
from sandbox.quickbooks.answers import Refused
from sandbox.quickbooks.book import ReceiptBook
from sandbox.quickbooks.documents import deleted
from sandbox.quickbooks.journal import Ledger
from sandbox.quickbooks.jsontext import Document
from sandbox.quickbooks.query import BadQuery, Query
from sandbox.quickbooks.receipts import PACIFIC, Deleted, Receipt
from sandbox.quickbooks.select import Table, bounds, matching, ordered
from sandbox.quickbooks.tables import Profile, Rate

LOOK_BACK = timedelta(days=30)
LARGEST_CAPTURE = 1000
SHORT_PAGES = 0.25

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page:
    """What a query gives: rows as documents, or only their number where it asked for a count."""

    entity: str
    start: int
    rows: tuple[Document, ...]
    total: int | None = None

    def content(self) -> Document:
        """Give the answer without its time; a page without rows has no entity key."""
        if self.total is not None:
            return {"QueryResponse": {"totalCount": self.total}}
        if not self.rows:
            return {"QueryResponse": {}}
        body: Document = {self.entity: self.rows, "startPosition": self.start, "maxResults": len(self.rows)}
        return {"QueryResponse": body}


class Asked(Protocol):
    """A query bound to its entity; `whim` decides what the vendor leaves open (order, page size)."""

    def __call__(self, query: Query, now: datetime, whim: Random) -> Page: ...


class Company:
    """The documents and lists of one realm."""

    def __init__(self, profile: Profile, book: ReceiptBook, ledger: Ledger) -> None:
        self.profile, self.book, self.ledger = profile, book, ledger
        self._receipts = tables.receipts(book.seed)
        self._entities: Mapping[str, Asked] = {
            "SalesReceipt": _asked(self._receipts, self._candidates),
            "JournalEntry": _asked(tables.ENTRIES, lambda *_: ledger.entries),
            "Item": _asked(tables.ITEMS, lambda *_: catalogue.items(book.seed)),
            "Customer": _asked(tables.CUSTOMERS, lambda *_: catalogue.CUSTOMERS),
            "Account": _asked(tables.ACCOUNTS, lambda *_: catalogue.ACCOUNTS),
            "ExchangeRate": _asked(tables.RATES, self._rates),
            "CompanyInfo": _asked(tables.PROFILES, self._profiles),
            "Preferences": _asked(tables.PREFERENCES, self._profiles),
        }

    def ask(self, query: Query, now: datetime, whim: Random) -> Page:
        """Give the page that a query asks for; `BadQuery` for an unknown entity or property."""
        asked = self._entities.get(query.entity)
        if asked is None:
            raise BadQuery(f"{query.entity} is no entity of this company")
        return asked(query, now, whim)

    def entity(self, lower: str) -> str | None:
        """Give an entity's name from its lower-case form in an address; None for an unknown one."""
        return next((name for name in self._entities if name.lower() == lower), None)

    def captured(self, entities: Sequence[str], since: datetime, now: datetime) -> Document:
        """Give what changed since an instant, per entity, at most 1000 objects in all, the oldest first."""
        if now - since > LOOK_BACK:
            raise Refused("4001", "Invalid query", "changedSince must be within the last 30 days.")
        left, responses = LARGEST_CAPTURE, list[Document]()
        for entity in entities:
            if entity not in self._entities:
                raise Refused(
                    "500", "Unsupported Operation", f"{entity} is not supported by change data capture."
                )
            rows = self._changed(entity, since, now, left)
            left -= len(rows)
            responses.append(_captured(entity, rows))
        return {"CDCResponse": [{"QueryResponse": responses}]}

    def rate(self, currency: str, day: date) -> Rate | None:
        """Give the rate of a currency on a day; None where there is none."""
        rate = catalogue.rate(self.book.seed, currency, day)
        return Rate(currency, rate, day) if rate is not None else None

    def _changed(self, entity: str, since: datetime, now: datetime, limit: int) -> list[Document]:
        if entity == "SalesReceipt":
            return [self._capture(each) for each in self.book.changed(since, now, limit)]
        if entity == "JournalEntry":
            found = [entry for entry in self.ledger.entries if since <= entry.created <= now]
            return [tables.ENTRIES.document(entry) for entry in found[:limit]]
        return []

    def _capture(self, change: Receipt | Deleted) -> Document:
        return deleted(change) if isinstance(change, Deleted) else self._receipts.document(change)

    def _candidates(self, query: Query, now: datetime) -> Iterable[Receipt]:
        """Give all receipts that can match: the seed has no end, so the days have to come from the query.

        A side that neither TxnDate nor the times bound ends 30 days ago, or today. What was never touched was
        created and last updated on its own day; what was touched is always a candidate.
        """
        same = [
            each.values for each in query.where if each.field.lower() == "id" and each.operator in {"=", "IN"}
        ]
        if same:
            return filter(None, (self.book.get(identity) for identity in same[0]))
        fields = ("TxnDate", "MetaData.CreateTime", "MetaData.LastUpdatedTime")
        limits = [bounds(query, field) for field in fields]
        today = now.astimezone(PACIFIC).date()
        first = max((low for low, _ in limits if low), default=today - LOOK_BACK)
        last = min((high for _, high in limits if high), default=max(today, first))
        if not any(low for low, _ in limits):
            first = min(first, last)
        return self.book.between(first, last)

    def _profiles(self, *_: object) -> Iterable[Profile]:
        return [self.profile]

    def _rates(self, query: Query, now: datetime) -> Iterable[Rate]:
        day = bounds(query, "AsOfDate")[0] or now.astimezone(PACIFIC).date()
        return filter(None, (self.rate(currency, day) for currency in catalogue.MIDDLE_RATES))


def _asked(table: Table[Row], rows: Callable[[Query, datetime], Iterable[Row]]) -> Asked:
    def ask(query: Query, now: datetime, whim: Random) -> Page:
        found = matching(table, query, rows(query, now))
        if query.count:
            return Page(table.entity, query.start, (), total=len(found))
        # Nothing promises an order, or that rows which tie keep theirs.
        whim.shuffle(found)
        page = ordered(table, query.order, found)[query.start - 1 :][: _page_size(query, whim)]
        return Page(table.entity, query.start, tuple(table.document(row) for row in page))

    return ask


def _page_size(query: Query, whim: Random) -> int:
    """Give how many rows this page may hold: now and then fewer than were asked for."""
    return whim.randint((query.limit + 1) // 2, query.limit) if whim.random() < SHORT_PAGES else query.limit


def _captured(entity: str, rows: Sequence[Document]) -> Document:
    if not rows:
        return {}
    return {entity: rows, "startPosition": 1, "maxResults": len(rows), "totalCount": len(rows)}
