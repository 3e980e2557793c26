"""An open DuckDB connection, as the steps of a load see it."""

from __future__ import annotations

from typing import TypeAlias

import duckdb

from conductor.warehouses.load import NUMBER, Row

Config: TypeAlias = dict[str, str | bool | int | float | list[str]]


class DuckDBSession:
    """A connection that runs SQL with `?` for its values."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Give the rows of a query."""
        return self.connection.execute(statement, list(values)).fetchall()

    def change(self, statement: str, *values: object) -> int:
        """Run a statement that changes rows; give how many."""
        return NUMBER.validate_python(self.rows(statement, *values)[0][0])

    def run(self, *statements: str) -> None:
        """Run statements that give nothing back."""
        for statement in statements:
            self.connection.execute(statement)
