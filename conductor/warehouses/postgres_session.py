"""An open PostgreSQL connection, as the steps of a load see it."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import LiteralString, cast

import psycopg
import pyarrow as pa

from conductor.contracts.model import Contract
from conductor.contracts.typed import arrow_schema
from conductor.warehouses.session import ROWS_PER_BATCH, Row

COLUMNS = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""


class PostgresSession:
    """A connection in its one transaction, that runs SQL with `?` for its values."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.connection = connection

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Give the rows of a query."""
        return self.connection.execute(_placed(statement), values).fetchall()

    def change(self, statement: str, *values: object) -> int:
        """Run a statement that changes rows; give how many."""
        return self.connection.execute(_placed(statement), values).rowcount

    def run(self, *statements: str) -> None:
        """Run statements that give nothing back."""
        for statement in statements:
            self.connection.execute(_placed(statement))

    def columns(self, table: str) -> Mapping[str, str]:
        """Give the columns of a table and their types; none if there is no such table."""
        return {str(name): str(kind) for name, kind in self.rows(COLUMNS, table)}

    def hold(self, table: str) -> None:
        """Keep other writers off a table until the transaction ends; readers go on."""
        self.run(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")

    def batches(self, contract: Contract, statement: str, *values: object) -> Iterator[pa.RecordBatch]:
        """Give the rows of a query for the contract's columns, some at a time by a cursor of the server."""
        schema = arrow_schema(contract.columns)
        with self.connection.cursor("conductor_reading") as cursor:
            cursor.execute(_placed(statement), values)
            while found := cursor.fetchmany(ROWS_PER_BATCH):
                columns = zip(*found, strict=True)
                arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _placed(statement: str) -> LiteralString:
    """Give a statement with the driver's own marks for values. It is made of checked names only; see `conductor.warehouses.sql`."""
    return cast(LiteralString, statement.replace("%", "%%").replace("?", "%s"))
