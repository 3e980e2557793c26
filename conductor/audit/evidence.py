"""Where the audit looks. What it is handed can be read; of the ledger it sees no verb that writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from conductor.contracts.model import Product
from conductor.journal import Accounts
from conductor.ledger.database import Database
from conductor.ledger.rows import Approval, Attempt, BatchRow, Lease, StepRow
from conductor.settings import Settings
from conductor.sources.journal import Entry
from conductor.stores.protocol import Store
from conductor.tables import CuratedTable
from conductor.values import Landed, Slot, Value
from conductor.warehouses.protocol import Warehouse

V = TypeVar("V", bound=Value)


class LedgerReader(Protocol):
    """The reading verbs of the ledger."""

    @property
    def database(self) -> Database:
        """The database, for what no verb tells."""
        ...

    def slots(self, dataset: str) -> tuple[Slot, ...]:
        """Give the slots of a dataset."""
        ...

    def history(self, slot: Slot) -> tuple[BatchRow, ...]:
        """Give all versions of a slot, first one first."""
        ...

    def objects(self, slot: Slot) -> tuple[Landed, ...]:
        """Give the raw objects of a slot in order of recording."""
        ...

    def attempts(self, slot: Slot) -> tuple[Attempt, ...]:
        """Give the attempts at a slot, first one first."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Give a lease that is held and has not run out."""
        ...

    def epoch(self, name: str) -> int:
        """Give the epoch above which the next lease of a name will be; 0 if it was never taken."""
        ...

    def steps(self, batch_id: str) -> tuple[StepRow, ...]:
        """Give the finished steps of a batch."""
        ...

    def approvals(self, batch_id: str) -> tuple[Approval, ...]:
        """Give all that was approved for a batch, first one first."""
        ...

    def remembered(self, batch_id: str, step: str, value_type: type[V]) -> V | None:
        """Give what a finished step handed on."""
        ...


class Books(Protocol):
    """The group company's books."""

    def read(self, slot: Slot) -> tuple[Accounts, tuple[Entry, ...]]:
        """Give the accounts of the day's revenue and a slot's entries; `RetryLater` or `FixTheConfiguration` without an answer."""
        ...


@dataclass(frozen=True)
class Evidence:
    """The parts of a workspace that hold evidence. The books may not answer."""

    products: Mapping[str, Product]
    raw: Store
    lake: Store
    backup: Store
    ledger: LedgerReader
    warehouse: Warehouse
    books: Books
    settings: Settings

    def table(self, dataset: str) -> CuratedTable:
        """Give the curated table of a product."""
        return CuratedTable(self.lake, self.products[dataset].contract)

    @property
    def joined(self) -> frozenset[str]:
        """Datasets that other products join; their road ends in the lake."""
        return frozenset(
            dataset for product in self.products.values() for dataset in product.contract.references
        )
