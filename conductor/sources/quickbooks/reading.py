"""Read a whole list of QuickBooks Online, though paging by position is no snapshot.

Rows that come or go between two pages shift all later ones, so a row can be missed or met twice without any
sign. Hence each page begins with the last row of the page before: if another row stands there, the list has
moved and is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from conductor.errors import RetryLater
from conductor.records import Document, id_order, leaf, objects
from conductor.sources.client import ApiClient, Reply

READINGS = 3
Keep = Callable[[int, bytes], None]


class Drift(RetryLater):
    """The list changed while it was read."""


@dataclass(frozen=True)
class Query:
    """A list of one entity. `where` is empty for all; `key` is the property that names a row, and the order
    of reading.
    """

    entity: str
    where: str = ""
    key: str = "Id"

    @property
    def rows(self) -> str:
        """The statement without its page."""
        return f"SELECT * FROM {self.entity}{self._clause} ORDERBY {self.key}"

    @property
    def count(self) -> str:
        """The statement that counts."""
        return f"SELECT count(*) FROM {self.entity}{self._clause}"

    @property
    def _clause(self) -> str:
        return f" WHERE {self.where}" if self.where else ""


@dataclass(frozen=True)
class Listing:
    """A whole list, each row once. `as_of` is the service's clock before the first row was read."""

    documents: tuple[Document, ...]
    as_of: datetime


@dataclass(frozen=True)
class Count:
    """How many rows a list has, and the service's clock."""

    rows: int
    as_of: datetime


def quote(value: str) -> str:
    """Write a value as a literal of the query language."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def ask(client: ApiClient, statement: str) -> Reply:
    """Send one statement."""
    return client.get("query", {"query": statement}, expect="QueryResponse")


def count(client: ApiClient, query: Query) -> Count:
    """Count a list."""
    reply = ask(client, query.count)
    text = leaf(reply.document, "QueryResponse.totalCount")
    if text is None or not text.isdigit():
        raise RetryLater(f"QuickBooks does not say how many rows {query.entity} has")
    return Count(int(text), server_time(reply.document))


def rows_of(document: Document, entity: str) -> list[Document]:
    """Give the rows of an answer; an answer without the entity's key is an empty page."""
    response = document.get("QueryResponse")
    return objects(response.get(entity)) if isinstance(response, dict) else []


def server_time(document: Document) -> datetime:
    """Give the service's clock in UTC, from an answer's envelope."""
    return instant(leaf(document, "time"))


def instant(text: str | None) -> datetime:
    """Read an instant with its zone, in UTC; one without a zone would mean something else everywhere."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise RetryLater(f"QuickBooks wrote {text!r} where an instant with its zone belongs")
    return found.astimezone(UTC)


def read_all(client: ApiClient, query: Query, page_size: int, keep: Keep | None = None) -> Listing:
    """Read a list until it held still from before the first page to after the last, at most three times.

    `keep` gets each page (from 1) as it came; a further reading begins again with page 1.
    """
    drift: Drift | None = None
    for _ in range(READINGS):
        try:
            return _Reading(client, query, page_size, keep).whole()
        except Drift as error:
            drift = error
    raise RetryLater(f"{query.entity} kept changing while it was read {READINGS} times: {drift}") from drift


class _Reading:
    """One pass over a list."""

    def __init__(self, client: ApiClient, query: Query, page_size: int, keep: Keep | None) -> None:
        self._client = client
        self._query = query
        self._page_size = page_size
        self._keep = keep
        self._pages = 0
        self._rows: dict[str, Document] = {}

    def whole(self) -> Listing:
        """Give all rows, or raise `Drift`."""
        before = count(self._client, self._query)
        self._add(self._page(1))
        while len(self._rows) < before.rows:
            self._next()
        self._settled(before.rows, count(self._client, self._query).rows)
        return Listing(tuple(self._rows.values()), before.as_of)

    def _next(self) -> None:
        """Read on from the last row. The service may send fewer rows than asked for, even that one alone."""
        have = len(self._rows)
        page = self._page(max(1, have))
        if have and (not page or self._key(page[0]) != next(reversed(self._rows))):
            raise Drift("another row stands where the last page ended")
        self._add(page)
        if len(self._rows) == have:
            self._add(self._page(have + 1))
        if len(self._rows) == have:
            raise Drift("a page is empty before the end")

    def _add(self, page: list[Document]) -> None:
        """Take a page's rows; of a row met twice the newer state counts."""
        for row in page:
            key = self._key(row)
            known = self._rows.get(key)
            if known is None or _sync(row) >= _sync(known):
                self._rows[key] = row

    def _page(self, start: int) -> list[Document]:
        reply = ask(self._client, f"{self._query.rows} STARTPOSITION {start} MAXRESULTS {self._page_size}")
        self._pages += 1
        if self._keep:
            self._keep(self._pages, reply.body)
        return rows_of(reply.document, self._query.entity)

    def _settled(self, before: int, after: int) -> None:
        if len(self._rows) != before or after != before:
            raise Drift(f"counted {before} rows before, {after} after, and read {len(self._rows)}")
        keys = list(self._rows)
        # Whether ids are in the order of numbers or of text is documented nowhere.
        if keys not in (sorted(keys, key=id_order), sorted(keys)):
            raise Drift("the rows are out of order")

    def _key(self, row: Document) -> str:
        key = leaf(row, self._query.key)
        if not key:
            raise RetryLater(f"a row of {self._query.entity} has no {self._query.key}")
        return key


def _sync(row: Document) -> int:
    """Give a row's edit number; rows without one, such as exchange rates, all count as equally new."""
    text = leaf(row, "SyncToken") or ""
    return int(text) if text.isascii() and text.isdigit() else 0
