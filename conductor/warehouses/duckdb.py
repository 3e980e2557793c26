"""The embedded warehouse: one DuckDB file that one process writes at a time, and a copy of it that people query.

Connections are opened for one piece of work and closed. While one is open no other code of the process may open and close the
file itself, not even to copy it: that would silently drop the lock by which DuckDB keeps other processes out.
"""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import stamina

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.values import Batch, Loaded
from conductor.warehouses import load, sql
from conductor.warehouses.duckdb_errors import LOCKED, is_conflict, is_locked, translated
from conductor.warehouses.duckdb_read_copy import answer, write_copy
from conductor.warehouses.duckdb_session import Config, DuckDBSession
from conductor.warehouses.duckdb_staging import stage
from conductor.warehouses.protocol import BuildTarget, ColumnType, QueryResult
from conductor.warehouses.recorded import RecordedWarehouse
from conductor.warehouses.tables import ensure_table

T = TypeVar("T")
OFFLINE: Config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class DuckDBWarehouse(RecordedWarehouse):
    """A warehouse in the file `file`; people query `<stem>.read.duckdb` beside it. `patience` is how long a busy file is waited for."""

    def __init__(self, file: Path, *, patience: float = 30.0) -> None:
        self.name = "duckdb"
        self.dialect = Dialect.DUCKDB
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
            ensure_table(session, contract, Dialect.DUCKDB)
            return load.apply_staged(session, contract, batch, epoch, loaded_at)

        with self._open() as session:
            stage(session, contract, batch, data)
            return self._transact(session, work)

    def mark_built(self, sequence: int) -> None:
        """Record that the marts show all loads up to this one."""
        with self._open() as session:
            self._transact(session, lambda session: load.mark_built(session, sequence))

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

    def build_target(self) -> BuildTarget:
        """Give where dbt builds. The file stays open, and so locked, for the whole build: no load comes between two models."""
        settings = {
            "TimeZone": "UTC",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        output = {
            "type": "duckdb",
            "path": str(self.file.absolute()),
            "schema": "marts",
            "keep_open": True,
            "settings": settings,
        }
        return BuildTarget("duckdb", output, busy=re.compile(re.escape(LOCKED)))

    def building(self) -> AbstractContextManager[None]:
        """Keep nothing out: the builder has the file for itself."""
        return nullcontext()

    def _open_marts(self) -> AbstractContextManager[DuckDBSession]:
        return self._open()

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
