"""An open DuckDB connection, as the steps of a load see it."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import duckdb
import pyarrow as pa

from conductor.contracts.model import Contract
from conductor.warehouses.session import NUMBER, ROWS_PER_BATCH, Row

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

    def columns(self, table: str) -> Mapping[str, str]:
        """Give the columns of a table and their types; none if there is no such table."""
        try:
            return {str(name): str(kind) for name, kind, *_ in self.rows(f"DESCRIBE {table}")}
        except duckdb.CatalogException:
            return {}

    def hold(self, table: str) -> None:
        """Do nothing: other processes are kept off the whole file, and a thread that came between is found at the commit."""

    def batches(self, contract: Contract, statement: str, *values: object) -> Iterator[pa.RecordBatch]:
        """Give the rows of a query."""
        del contract  # DuckDB knows the types by itself
        return iter(self.connection.execute(statement, list(values)).to_arrow_reader(ROWS_PER_BATCH))
