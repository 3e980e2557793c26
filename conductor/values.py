"""The frozen values that steps hand on.

Each is small, serialises to JSON (the ledger keeps it) and carries what identifies it. Money is Decimal, instants are UTC,
sizes are bytes. A frame, a dictionary or an open file never passes from step to step.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """What all values share: frozen, closed, versioned. Raise `schema_version` when a field changes its meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: ClassVar[int] = 1


class Slot(Value):
    """What can have versions: a dataset, a business date and a part (empty for an API day)."""

    dataset: str
    day: date
    part: str = ""

    @property
    def id(self) -> str:
        """`<domain>/<dataset>/<YYYY-MM-DD>[/<part>]`."""
        return "/".join(filter(None, (self.dataset, self.day.isoformat(), self.part)))

    @classmethod
    def parse(cls, text: str) -> Slot:
        """Read a slot back from its id."""
        domain, name, day, *part = text.split("/", 3)
        return cls(dataset=f"{domain}/{name}", day=date.fromisoformat(day), part=part[0] if part else "")


class State(StrEnum):
    """How far a batch has come; the order of the first eleven is the order of the road."""

    SEEN = "seen"
    LANDED = "landed"
    BACKED_UP = "backed_up"
    REFINED = "refined"
    GATED = "gated"
    PUBLISHED = "published"
    LOADED = "loaded"
    BUILT = "built"
    POSTED = "posted"
    ANNOUNCED = "announced"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    DEAD = "dead"
    SUPERSEDED = "superseded"


def digest(*parts: str) -> str:
    """Give 32 hex characters of the SHA-256 over the parts, each preceded by its length so that no two lists collide."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode()
        hasher.update(f"{len(data)}:".encode())
        hasher.update(data)
    return hasher.hexdigest()[:32]


class LocalPart(Value):
    """A file of an extract, in the attempt's own scratch folder. `name` is its name in the raw zone."""

    name: str
    path: str
    size: int
    sha256: str


class StoredPart(Value):
    """An object in a store, at the version that was written. `version_id` is None where the store keeps no versions."""

    key: str
    size: int
    sha256: str
    version_id: str | None = None


class PlainText(Value):
    """How a text that is its own records is read: UTF-8, one row per line, with a `header` behind the line of the names.

    Values stand between delimiters, some in quotes, which are doubled within; without a `quote` there are none. An empty value
    is none.
    """

    delimiter: str
    quote: str
    header: bool
    columns: tuple[str, ...]


class Extract(Value):
    """What a source gave for a slot: the bytes as they came, and one row per record line.

    `records` is a Parquet file, every column a string; or, where `plain` says how to read it, the one part itself. `rows`
    counts its rows, `documents` the source's own objects (receipts, rates). `canonical_sha256` is over the canonical records,
    so envelope time, page size and order do not change it. `as_of` is the source's clock when the extract began. `corrects`
    names the raw object that a person corrected; None for what a source gave.
    """

    slot: Slot
    source: str
    request: str
    parts: tuple[LocalPart, ...]
    records: LocalPart
    rows: int
    documents: int
    canonical_sha256: str
    as_of: datetime
    corrects: str | None = None
    plain: PlainText | None = None

    @property
    def object_id(self) -> str:
        """Identity of the content: the same content again is the same object."""
        return digest(self.source, self.slot.dataset, self.slot.id, self.canonical_sha256)


class Landed(Value):
    """A raw object, complete: its manifest was written last. `new` is False when it was there before."""

    slot: Slot
    object_id: str
    source: str
    parts: tuple[StoredPart, ...]
    records: StoredPart
    manifest: StoredPart
    rows: int
    documents: int
    canonical_sha256: str
    as_of: datetime
    corrects: str | None = None
    plain: PlainText | None = None
    new: bool = True

    @property
    def stored(self) -> tuple[StoredPart, ...]:
        """All that belongs to the object, the manifest last."""
        return tuple(dict.fromkeys((*self.parts, self.records, self.manifest)))


class BackedUp(Value):
    """The same bytes in the second place, read back and compared."""

    slot: Slot
    object_ids: tuple[str, ...]
    copies: tuple[StoredPart, ...]
    size: int


class Reference(Value):
    """A version of another product that a batch joins."""

    dataset: str
    batch: str
    table_version: int


class Batch(Value):
    """One version of a slot. The id is a digest of all that decides its content (docs/adr/0003-identity.md)."""

    id: str
    slot: Slot
    version: int
    object_ids: tuple[str, ...]
    contract_version: str
    refine_sha256: str
    references: tuple[Reference, ...] = ()


class EngineChoice(Value):
    """Which engine refines, and why."""

    engine: str
    reason: str
    size: int
    rows: int


class DataFile(Value):
    """A Parquet file written for a batch, not yet (or now) part of a Delta table. `path` is relative to the table."""

    path: str
    rows: int
    size: int
    partition: tuple[tuple[str, str], ...]


class Counts(Value):
    """Where every row of the records went: accepted + rejected + duplicates + superseded = records (I1)."""

    records: int
    accepted: int
    rejected: int
    duplicates: int
    superseded: int

    @property
    def balanced(self) -> bool:
        """Whether no row vanished and none came from nowhere."""
        return self.accepted + self.rejected + self.duplicates + self.superseded == self.records


class CurrencySum(Value):
    """Control total of one currency, over amounts that parse; those that do not are counted (I3)."""

    currency: str
    records: Decimal
    accepted: Decimal
    rejected: Decimal
    duplicates: Decimal
    superseded: Decimal
    unparseable: int = 0

    @property
    def shown(self) -> str:
        """The currency as people may be shown it."""
        return shown_currency(self.currency)


def shown_currency(text: str) -> str:
    """Give a currency code; `other` for a text that is none, for it may be anything, and `none` for no text."""
    return text if re.fullmatch("[A-Z]{3}", text) else "other" if text else "none"


class Refined(Value):
    """What refine made of a batch: files under names of this attempt, rejected rows, and the counts that prove it.

    `reasons` counts the codes of rejected rows, `warnings` those of accepted ones.
    """

    batch: Batch
    files: tuple[DataFile, ...]
    rejected: StoredPart | None
    counts: Counts
    sums: tuple[CurrencySum, ...]
    reasons: tuple[tuple[str, int], ...]
    schema_hash: str
    choice: EngineChoice
    warnings: tuple[tuple[str, int], ...] = ()


class FailedExpectation(Value):
    """One expectation that did not hold, in words for a person."""

    expectation: str
    column: str
    observed: str


class Override(Value):
    """A named person let a batch go on that had failed its gate, and why."""

    by: str
    reason: str
    at: datetime


class Gated(Value):
    """The verdict of the gate and where its page lies. `warnings` stop nothing.

    `judged` is False where it could not be told whether the batch keeps its contract. A batch that did not pass goes on
    by an `override` only.
    """

    batch: Batch
    passed: bool
    expectations: int
    failed: tuple[FailedExpectation, ...]
    docs_key: str
    warnings: tuple[FailedExpectation, ...] = ()
    judged: bool = True
    override: Override | None = None


class Published(Value):
    """The Delta commit that made the batch visible."""

    batch: Batch
    table_version: int
    files: int
    rows: int


class WarehouseSum(Value):
    """Sum of one currency as it stands in the warehouse for the slot."""

    currency: str
    amount: Decimal


class Loaded(Value):
    """The warehouse transaction. `sequence` is the load's place in the order of all loads."""

    batch: Batch
    sequence: int
    rows: int
    inserted: int
    updated: int
    deleted: int
    sums: tuple[WarehouseSum, ...]


class Built(Value):
    """What dbt built and tested."""

    batch: Batch
    models: tuple[str, ...]
    tests: int
    days: tuple[date, ...]
    through: int


class PostedEntry(Value):
    """A journal entry in the group company. `new` is False where it was found there."""

    currency: str
    entry_id: str
    document: str
    request_id: str
    gross: Decimal
    new: bool


class Posted(Value):
    """The slot's entries, or the reason why none was due."""

    batch: Batch
    entries: tuple[PostedEntry, ...]
    note: str


class Announced(Value):
    """Events of the batch and how many subscribers have them."""

    batch: Batch
    events: tuple[str, ...]
    delivered: int


class Archived(Value):
    """Cold copies of a proven batch."""

    batch: Batch
    copies: tuple[StoredPart, ...]
