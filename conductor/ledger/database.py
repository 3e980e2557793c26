"""The database under the ledger: how it is opened, and what a transaction is on each of the two."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import stamina
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, func, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, StatementError

from conductor.errors import FixTheConfiguration, Missing
from conductor.ledger.faults import collided, explain

T = TypeVar("T")


class Database:
    """One ledger database. `patience` bounds every wait for somebody else's lock."""

    def __init__(self, url: str, now: Callable[[], datetime], patience: timedelta) -> None:
        parsed = _parse(url)
        self.now = now
        self.path = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
        self.address = str(self.path or f"postgresql://{parsed.host or 'local'}/{parsed.database or ''}")
        self.engine = _sqlite(parsed, patience) if self.path else _postgres(parsed, patience)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction that only reads."""
        with self._explained():
            return self._transact(work, "BEGIN")

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in one transaction: all of it or nothing.

        Work that collided with another transaction is run again, a few times. Otherwise `RetryLater`: the
        outcome of a lost connection is unknown, which is why every write of the ledger may be repeated.
        """
        again = stamina.RetryingCaller(
            attempts=6, timeout=None, wait_initial=0.02, wait_max=0.5, wait_jitter=0.05
        )
        with self._explained():
            return again.on(collided)(self._transact, work, "BEGIN IMMEDIATE")

    def lease_time(self, connection: Connection) -> datetime:
        """Give the time that all holders of leases share: the server's where there is one."""
        if self.path:
            return self.now()
        return connection.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)

    def _transact(self, work: Callable[[Connection], T], begin: str) -> T:
        with self.engine.connect().execution_options(begin=begin) as connection, connection.begin():
            return work(connection)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except StatementError as error:
            raise explain(error, self.address) from error


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Give the dialect's own insert statement: both know ON CONFLICT, the generic one does not."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        # Not chained: the parser's complaint may quote a part of the password.
        raise FixTheConfiguration(
            "The ledger's address is not a database URL", next_command="conductor doctor"
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise FixTheConfiguration(
            f"A ledger lives in SQLite or PostgreSQL, not in {parsed.get_backend_name()}"
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise FixTheConfiguration("The ledger needs a file: memory forgets it with the process")
    return parsed


def _sqlite(url: URL, patience: timedelta) -> Engine:
    path = Path(url.database or "").absolute()

    def connect() -> sqlite3.Connection:
        # mode=rw: a mistyped path is an error, not a new empty ledger. No isolation_level: BEGIN is ours.
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=patience.total_seconds(),
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    engine = create_engine("sqlite:///ledger", creator=connect, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        if statement := connection.get_execution_options().get("begin"):
            connection.exec_driver_sql(statement)

    return engine


def _postgres(url: URL, patience: timedelta) -> Engine:
    settings = f"-c lock_timeout={int(patience.total_seconds() * 1000)} -c synchronous_commit=on"
    theirs = url.query.get("options", "")
    options = f"{theirs if isinstance(theirs, str) else ' '.join(theirs)} {settings}".strip()
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"options": options, "connect_timeout": max(2, int(patience.total_seconds()))},
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise Missing(
            "A ledger in PostgreSQL needs the extra 'postgres'",
            next_command="pip install 'cloud-conductor[postgres]'",
        ) from error
