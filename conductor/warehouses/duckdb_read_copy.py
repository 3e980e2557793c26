"""The copy that people query: written in one piece, then open to one reading statement at a time and to nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

import duckdb

from conductor.errors import FixTheConfiguration, NotFound
from conductor.warehouses import sql
from conductor.warehouses.duckdb_errors import plainly
from conductor.warehouses.duckdb_session import Config, DuckDBSession
from conductor.warehouses.protocol import QueryResult

# Files, extensions and other databases are out of reach, and no statement can change that.
SEALED: Config = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
# Connections of one process to one file are one database to DuckDB, and its settings are sealed by the first of them.
ONE_READER = Lock()
READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
TABLES = 'conductor query "show all tables"'


def write_copy(session: DuckDBSession, to: Path) -> None:
    """Put what is committed in the session's database into another file, which appears whole or not at all.

    DuckDB itself does the copying, in one transaction: see why in `conductor.warehouses.duckdb`.
    """
    following = to.with_suffix(".next")
    following.unlink(missing_ok=True)
    Path(f"{following}.wal").unlink(missing_ok=True)
    own = session.rows("SELECT current_database()")[0][0]
    session.run(
        f"ATTACH {sql.literal(str(following))} AS conductor_next",
        f'COPY FROM DATABASE "{own}" TO conductor_next',
        "DETACH conductor_next",
    )
    _sync(following)
    following.replace(to)
    _sync(to.parent)


def answer(file: Path, query: str) -> QueryResult:
    """Run one reading statement on a DuckDB file."""
    if not file.exists():
        raise NotFound(
            "there is nothing to query yet: no data was built",
            next_command="conductor run nightly-financials",
        )
    try:
        statements = duckdb.extract_statements(query)
        if len(statements) != 1 or statements[0].type not in READING:
            raise FixTheConfiguration(
                "a query is one statement that reads, such as SELECT or DESCRIBE", next_command=TABLES
            )
        with ONE_READER, duckdb.connect(str(file), read_only=True, config=SEALED) as connection:
            connection.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
            result = connection.execute(statements[0])
            columns = tuple(str(column[0]) for column in result.description or ())
            return QueryResult(columns, tuple(result.fetchall()))
    except duckdb.Error as error:
        raise FixTheConfiguration(
            f"the query cannot be answered: {plainly(error)}", next_command=TABLES
        ) from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
