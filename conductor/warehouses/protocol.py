"""What every warehouse offers, whoever keeps the tables."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import pyarrow as pa

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.values import Batch, Loaded, Slot, WarehouseSum


@dataclass(frozen=True)
class RowHashes:
    """A set of rows, told by their number and an order-free digest: equal where the business columns are equal, row for row."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Pending:
    """A load that the marts do not show yet, and the business dates whose rows it may have changed."""

    slot: Slot
    sequence: int
    days: tuple[date, ...]


@dataclass(frozen=True)
class QueryResult:
    """The answer to a person's query: column names and rows, in the query's order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Revenue:
    """A day's revenue in one currency, as the mart has it; `gross` is net plus tax, `*_home` is in the home currency."""

    currency: str
    receipts: int
    lines: int
    net: Decimal
    tax: Decimal
    gross: Decimal
    net_home: Decimal
    tax_home: Decimal
    gross_home: Decimal


@dataclass(frozen=True)
class ColumnType:
    """The type of one column of the warehouse, in the warehouse's own words."""

    table: str
    column: str
    type: str


@dataclass(frozen=True)
class BuildTarget:
    """Where dbt builds: its adapter, the output of its profile, and what no file may hold and the environment of its process does.

    `busy` finds in what dbt says that another one was in the way.
    """

    adapter: str
    output: Mapping[str, object]
    busy: re.Pattern[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Warehouse(Protocol):
    """A warehouse: tables by contract, and the evidence of every load beside them.

    A product's table holds its contract's columns and whose each row is: `_slot`, `_version`, `_batch`. Every business key
    stands there once, in the version that is newest by the contract's `newest` columns.

    Errors: `RetryLater` when the warehouse is busy or does not answer; `StopAndCall` when its disk is full;
    `FixTheConfiguration` for a wrong address or a contract that does not fit the table.
    """

    name: str
    dialect: Dialect

    def load(
        self,
        contract: Contract,
        batch: Batch,
        epoch: int,
        data: Iterable[pa.RecordBatch],
        loaded_at: datetime,
    ) -> Loaded:
        """Make the batch the slot's content, in one transaction. `data` holds at least the contract's columns, in any order.

        A row takes the place of one with the same key if that one belongs to the slot or is older. Rows of the slot's
        earlier version that are not in `data` go; rows that meanwhile belong to another slot stay there.

        Errors: `LeaseLost` if a higher epoch wrote the slot; `Superseded` if a higher version of it is loaded;
        `FixTheData` for a key that is missing or there twice. Repeats: gives the recorded value and changes nothing.
        """
        ...

    def loaded(self, batch_id: str) -> Loaded | None:
        """Give what the load of a batch recorded; None if it did not happen."""
        ...

    def loads(self, slot: Slot | None = None) -> tuple[Loaded, ...]:
        """Give all loads, of one slot where one is named, in the order in which they took effect."""
        ...

    def highest_version(self, slot: Slot) -> int:
        """Give the version of the slot that is loaded; 0 if none is."""
        ...

    def highest_epoch(self) -> int:
        """Give the highest epoch under which any slot was written; 0 before the first load."""
        ...

    def row_hashes(self, contract: Contract, slot: Slot | None = None) -> RowHashes:
        """Digest the rows of a product, or those that belong to a slot."""
        ...

    def sums(self, contract: Contract, slot: Slot) -> tuple[WarehouseSum, ...]:
        """Give the control total of the rows that belong to a slot, per currency, in the currencies' order."""
        ...

    def pending(self) -> tuple[Pending, ...]:
        """Give the loads that came after what the marts are built through, in order."""
        ...

    def mark_built(self, sequence: int) -> None:
        """Record that the marts show all loads up to this one. Repeats: a lower one than recorded changes nothing."""
        ...

    def build_target(self) -> BuildTarget:
        """Give where dbt builds the marts."""
        ...

    def building(self) -> AbstractContextManager[None]:
        """Keep loads out while the marts are built, so that all models see the same rows; loads wait."""
        ...

    def daily_revenue(self, day: date) -> tuple[Revenue, ...]:
        """Give a day's revenue from the mart, per currency; `NotFound` before the mart was first built."""
        ...

    def query(self, sql: str) -> QueryResult:
        """Answer one reading statement, on the read copy where there is one; nothing else in the world can be reached from it.

        Errors: `FixTheConfiguration` with one sentence for a statement that is wrong or not allowed; `NotFound` before the
        first read copy.
        """
        ...

    def swap_read_copy(self) -> None:
        """Put what is committed now where people query; a reader sees the old copy or the new one. Repeats: makes it anew."""
        ...

    def schema_types(self) -> Sequence[ColumnType]:
        """Give every column of every table and its type, for the check that no money is a binary fraction."""
        ...
