"""Queries by people: one reading statement on a copy, with nothing else of the machine in reach."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import duckdb

from conductor.errors import FixTheConfiguration, NotFound
from conductor.warehouses.duckdb_errors import plainly
from conductor.warehouses.protocol import QueryResult

Config: TypeAlias = dict[str, str | bool | int | float | list[str]]

# Files, extensions and other databases are out of reach, and no statement can change that.
SEALED: Config = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})


def answer(file: Path, sql: str) -> QueryResult:
    """Run one reading statement on a DuckDB file."""
    if not file.exists():
        raise NotFound("there is nothing to query yet: no data was built", next_command="conductor run")
    try:
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in READING:
            raise FixTheConfiguration("a query is one statement that reads, such as SELECT or DESCRIBE")
        with duckdb.connect(str(file), read_only=True, config=SEALED) as connection:
            connection.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
            result = connection.execute(statements[0])
            columns = tuple(str(column[0]) for column in result.description or ())
            return QueryResult(columns, tuple(result.fetchall()))
    except duckdb.Error as error:
        raise FixTheConfiguration(f"the query cannot be answered: {plainly(error)}") from None
