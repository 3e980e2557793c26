"""What every warehouse that speaks SQL reads of its loads and of its tables in the same way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import date

from pydantic import TypeAdapter

from conductor.contracts.model import Contract
from conductor.errors import NotFound
from conductor.values import Loaded, Slot, WarehouseSum
from conductor.warehouses import load, sql
from conductor.warehouses.protocol import Pending, Revenue, RowHashes
from conductor.warehouses.rowhash import hash_rows
from conductor.warehouses.session import Session

REVENUE = TypeAdapter(tuple[Revenue, ...])


class RecordedWarehouse(ABC):
    """A warehouse whose loads stand in `conductor.load_ledger`. What is its own: how a connection is opened."""

    @abstractmethod
    def _open(self) -> AbstractContextManager[Session]:
        """Open a connection to what loads write."""

    @abstractmethod
    def _open_marts(self) -> AbstractContextManager[Session]:
        """Open a connection to what builds write."""

    def loaded(self, batch_id: str) -> Loaded | None:
        """Give what the load of a batch recorded."""
        with self._open() as session:
            return load.find_loaded(session, batch_id)

    def loads(self, slot: Slot | None = None) -> tuple[Loaded, ...]:
        """Give all loads, in the order in which they took effect."""
        with self._open() as session:
            return load.all_loads(session, slot)

    def highest_version(self, slot: Slot) -> int:
        """Give the version of the slot that is loaded."""
        with self._open() as session:
            return load.highest_version(session, slot)

    def highest_epoch(self) -> int:
        """Give the highest epoch that wrote."""
        with self._open() as session:
            return load.highest_epoch(session)

    def row_hashes(self, contract: Contract, slot: Slot | None = None) -> RowHashes:
        """Digest the rows of a product, or those that belong to a slot."""
        statement, values = sql.business_columns(contract), ()
        if slot:
            statement, values = f"{statement} WHERE _slot = ?", (slot.id,)
        with self._open() as session:
            there = session.columns(sql.table(contract))
            return hash_rows(contract, session.batches(contract, statement, *values) if there else ())

    def sums(self, contract: Contract, slot: Slot) -> tuple[WarehouseSum, ...]:
        """Give the control total of the rows that belong to a slot, per currency."""
        with self._open() as session:
            there = session.columns(sql.table(contract))
            return load.slot_sums(session, contract, slot) if there else ()

    def pending(self) -> tuple[Pending, ...]:
        """Give the loads that came after what the marts are built through."""
        with self._open() as session:
            return load.pending(session)

    def daily_revenue(self, day: date) -> tuple[Revenue, ...]:
        """Give a day's revenue from the mart, per currency."""
        names = tuple(Revenue.__dataclass_fields__)
        statement = f"SELECT {', '.join(names)} FROM {sql.MART} WHERE business_date = ? ORDER BY currency"
        with self._open_marts() as session:
            if not session.columns(sql.MART):
                raise NotFound(
                    "the revenue mart was not built yet", next_command="conductor run nightly-financials"
                )
            found = session.rows(statement, day)
        return REVENUE.validate_python([dict(zip(names, row, strict=True)) for row in found])
