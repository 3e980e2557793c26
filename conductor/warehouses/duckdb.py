"""The embedded warehouse: one DuckDB file that one process writes at a time, and a copy of it that people query.

Connections are opened for one piece of work and closed. While one is open no other code of the process may open and close the
file itself, not even to copy it: that would silently drop the lock by which DuckDB keeps other processes out.
"""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import stamina
from pydantic import TypeAdapter

from conductor.contracts.model import Contract
from conductor.errors import NotFound
from conductor.values import Batch, Loaded, Slot, WarehouseSum
from conductor.warehouses import load, sql
from conductor.warehouses.duckdb_errors import is_conflict, is_locked, translated
from conductor.warehouses.duckdb_read_copy import answer, write_copy
from conductor.warehouses.duckdb_session import Config, DuckDBSession
from conductor.warehouses.duckdb_tables import columns_of, ensure_table, stage
from conductor.warehouses.protocol import ColumnType, Pending, QueryResult, Revenue, RowHashes
from conductor.warehouses.rowhash import hash_rows

T = TypeVar("T")
OFFLINE: Config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
REVENUE = TypeAdapter(tuple[Revenue, ...])
ROWS_PER_BATCH = 50_000


class DuckDBWarehouse:
    """A warehouse in the file `file`; people query `<stem>.read.duckdb` beside it. `patience` is how long a busy file is waited for."""

    def __init__(self, file: Path, *, patience: float = 30.0) -> None:
        self.name = "duckdb"
        self.file = file
        # The catalogue is called after the name up to its first dot, so views mean the same in both files.
        self.read_copy = file.with_name(f"{file.stem}.read.duckdb")
        self._patience = patience

    def load(
        self,
        contract: Contract,
        batch: Batch,
        epoch: int,
        data: Iterable[pa.RecordBatch],
        loaded_at: datetime,
    ) -> Loaded:
        """Make the batch the slot's content, in one transaction."""

        def work(session: DuckDBSession) -> Loaded:
            if recorded := load.claim(session, batch, epoch):
                return recorded
            ensure_table(session, contract)
            return load.apply_staged(session, contract, batch, epoch, loaded_at)

        with self._open() as session:
            stage(session, contract, batch, data)
            return self._transact(session, work)

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
        statement, values = sql.business_columns(contract), []
        if slot:
            statement, values = f"{statement} WHERE _slot = ?", [slot.id]
        with self._open() as session:
            if not columns_of(session, sql.table(contract)):
                return hash_rows(contract, ())
            reader = session.connection.execute(statement, values).to_arrow_reader(ROWS_PER_BATCH)
            return hash_rows(contract, reader)

    def sums(self, contract: Contract, slot: Slot) -> tuple[WarehouseSum, ...]:
        """Give the control total of the rows that belong to a slot, per currency."""
        with self._open() as session:
            return load.slot_sums(session, contract, slot) if columns_of(session, sql.table(contract)) else ()

    def pending(self) -> tuple[Pending, ...]:
        """Give the loads that came after what the marts are built through."""
        with self._open() as session:
            return load.pending(session)

    def mark_built(self, sequence: int) -> None:
        """Record that the marts show all loads up to this one."""
        with self._open() as session:
            self._transact(session, lambda session: load.mark_built(session, sequence))

    def daily_revenue(self, day: date) -> tuple[Revenue, ...]:
        """Give a day's revenue from the mart, per currency."""
        names = tuple(Revenue.__dataclass_fields__)
        statement = f"SELECT {', '.join(names)} FROM {sql.MART} WHERE business_date = ? ORDER BY currency"
        with self._open() as session:
            try:
                found = session.rows(statement, day)
            except duckdb.CatalogException:
                raise NotFound(
                    "the revenue mart was not built yet", next_command="conductor run nightly-financials"
                ) from None
        return REVENUE.validate_python([dict(zip(names, row, strict=True)) for row in found])

    def schema_types(self) -> Sequence[ColumnType]:
        """Give every column of every table and its type."""
        with self._open() as session:
            found = session.rows(
                """SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns
                WHERE table_catalog = current_database() ORDER BY table_schema, table_name, ordinal_position"""
            )
        return [ColumnType(str(table), str(column), str(kind)) for table, column, kind in found]

    def query(self, sql: str) -> QueryResult:
        """Answer one reading statement on the read copy."""
        return answer(self.read_copy, sql)

    def swap_read_copy(self) -> None:
        """Put what is committed now where people query."""
        with self._open() as session:
            write_copy(session, self.read_copy)

    @contextmanager
    def _open(self) -> Generator[DuckDBSession]:
        try:
            connection = self._patiently(is_locked, lambda: duckdb.connect(str(self.file), config=OFFLINE))
            with connection:
                session = DuckDBSession(connection)
                self._patiently(is_conflict, lambda: session.run("SET TimeZone = 'UTC'", *sql.SYSTEM_TABLES))
                yield session
        except duckdb.Error as error:
            raise translated(error, self.file) from error

    def _transact(self, session: DuckDBSession, work: Callable[[DuckDBSession], T]) -> T:
        """Run work as one transaction, and anew where another thread of this process came between."""

        def once() -> T:
            session.run("BEGIN")
            try:
                result = work(session)
                session.run("COMMIT")
            except BaseException:
                # A commit that failed has rolled back by itself.
                with suppress(duckdb.TransactionException):
                    session.run("ROLLBACK")
                raise
            return result

        return self._patiently(is_conflict, once)

    def _patiently(self, passing: Callable[[Exception], bool], work: Callable[[], T]) -> T:
        for attempt in stamina.retry_context(on=passing, attempts=None, timeout=self._patience, wait_max=1.0):
            with attempt:
                return work()
        raise AssertionError("a retry ends with a result or an error")
