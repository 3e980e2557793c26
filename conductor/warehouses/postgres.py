"""The warehouse of a cluster: PostgreSQL, where each piece of work is one transaction of the role that it needs.

Readers see what was committed: a load is one transaction, and so is each mart of a build. So there is no copy for people to query.
"""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import psycopg
import pyarrow as pa

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.values import Batch, Loaded
from conductor.warehouses import load, sql
from conductor.warehouses.postgres_address import Address
from conductor.warehouses.postgres_errors import translated
from conductor.warehouses.postgres_query import answer
from conductor.warehouses.postgres_roles import LOADER, READER
from conductor.warehouses.postgres_session import PostgresSession
from conductor.warehouses.postgres_staging import stage
from conductor.warehouses.protocol import BuildTarget, ColumnType, QueryResult
from conductor.warehouses.recorded import RecordedWarehouse
from conductor.warehouses.tables import ensure_table

# Types of what is there, not of the server's own catalogue.
TYPES = """SELECT n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, a.attnum"""


class PostgresWarehouse(RecordedWarehouse):
    """A warehouse at an address whose user may act as the roles of `postgres_roles`; people's queries go to `reader_url`, if given.

    `patience` is how long a lock is waited for, `build_patience` how long a load waits for a build to end, in seconds.
    """

    def __init__(
        self, url: str, reader_url: str = "", *, patience: float = 30.0, build_patience: float = 900.0
    ) -> None:
        self.name = "postgres"
        self.dialect = Dialect.POSTGRES
        self.address = Address(url)
        self.reading = Address(reader_url or url)
        self._patience = patience
        self._build_patience = build_patience

    def load(
        self,
        contract: Contract,
        batch: Batch,
        epoch: int,
        data: Iterable[pa.RecordBatch],
        loaded_at: datetime,
    ) -> Loaded:
        """Make the batch the slot's content, in one transaction. Loads of one product go one after the other."""
        with self._as(LOADER) as session:
            stage(session, contract, batch, data)
            self._wait_for_build(session)
            if recorded := load.claim(session, batch, epoch):
                return recorded
            ensure_table(session, contract, self.dialect)
            return load.apply_staged(session, contract, batch, epoch, loaded_at)

    def mark_built(self, sequence: int) -> None:
        """Record that the marts show all loads up to this one."""
        with self._as(LOADER) as session:
            load.mark_built(session, sequence)

    def build_target(self) -> BuildTarget:
        """Give where dbt builds, as the role that may write nothing but marts."""
        return self.address.build_target()

    @contextmanager
    def building(self) -> Generator[None]:
        """Keep loads waiting while the marts are built; the server ends it when this process dies."""
        with self._connected(self.address) as connection:
            connection.autocommit = True
            connection.execute("SELECT pg_advisory_lock(%s)", (sql.BUILDING,))
            yield

    def query(self, sql: str) -> QueryResult:
        """Answer one reading statement, as the role that may only read."""
        with self._as(READER) as session:
            return answer(session, sql)

    def swap_read_copy(self) -> None:
        """Do nothing: what is committed is what people query."""

    def schema_types(self) -> Sequence[ColumnType]:
        """Give every column of every table and its type."""
        with self._as(READER) as session:
            return [
                ColumnType(str(table), str(column), str(kind)) for table, column, kind in session.rows(TYPES)
            ]

    def _open(self) -> AbstractContextManager[PostgresSession]:
        return self._as(LOADER)

    def _open_marts(self) -> AbstractContextManager[PostgresSession]:
        return self._as(READER)

    @contextmanager
    def _as(self, role: str) -> Generator[PostgresSession]:
        """Open a transaction as a role, committed at the end of the body."""
        with self._connected(self.reading if role == READER else self.address) as connection:
            connection.read_only = role == READER
            session = PostgresSession(connection)
            session.run(f"SET LOCAL ROLE {role}")
            yield session

    @contextmanager
    def _connected(self, address: Address) -> Generator[psycopg.Connection[tuple[object, ...]]]:
        try:
            with psycopg.connect(**address.connecting(self._patience)) as connection:
                yield connection
        except psycopg.Error as error:
            # Not chained: the server's words may hold a value of a row.
            raise translated(error, str(address)) from None

    def _wait_for_build(self, session: PostgresSession) -> None:
        session.run(
            f"SET LOCAL lock_timeout = {int(self._build_patience * 1000)}",
            f"SELECT pg_advisory_xact_lock_shared({sql.BUILDING})",
            f"SET LOCAL lock_timeout = {int(self._patience * 1000)}",
        )
