"""The tables of a load in DuckDB: where rows are staged, and the product's own."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.errors import FixTheConfiguration, FixTheData
from conductor.values import Batch
from conductor.warehouses import sql
from conductor.warehouses.arrow import conform
from conductor.warehouses.duckdb_errors import plainly
from conductor.warehouses.duckdb_session import DuckDBSession


def stage(session: DuckDBSession, contract: Contract, batch: Batch, data: Iterable[pa.RecordBatch]) -> None:
    """Write the rows beside the table, where nobody reads, each with whose it is."""
    session.run(f"CREATE OR REPLACE TEMP TABLE {sql.STAGING} ({sql.definitions(contract, Dialect.DUCKDB)})")
    statement = f"INSERT INTO {sql.STAGING} SELECT *, ?, ?, ? FROM conductor_arriving"
    for arriving in data:
        session.connection.register("conductor_arriving", conform(contract, arriving))
        try:
            session.change(statement, batch.slot.id, batch.version, batch.id)
        except duckdb.ConstraintException as error:
            raise FixTheData(
                f"{batch.slot.id} has a row without its key: {plainly(error)}", batch=batch.id
            ) from None
        finally:
            session.connection.unregister("conductor_arriving")


def ensure_table(session: DuckDBSession, contract: Contract) -> None:
    """Make the product's table, or give it the columns that are new in its contract; refuse any other difference.

    The staging table stands for what the contract wants: so types are compared in the warehouse's own words.
    """
    session.run(
        f"CREATE SCHEMA IF NOT EXISTS {sql.schema(contract)}",
        f"CREATE TABLE IF NOT EXISTS {sql.table(contract)} ({sql.definitions(contract, Dialect.DUCKDB)})",
    )
    there, wanted = columns_of(session, sql.table(contract)), columns_of(session, sql.STAGING)
    for name, kind in there.items():
        if wanted.get(name) != kind:
            raise FixTheConfiguration(
                f"the table {contract.dataset} has {name} as {kind}, version {contract.version} of its contract "
                f"as {wanted.get(name, 'nothing')}: a table can only gain columns",
                next_command=f'conductor query "describe {contract.schema}.{contract.table}"',
            )
    missing = [name for name in wanted if name not in there]
    session.run(
        *(
            f"ALTER TABLE {sql.table(contract)} ADD COLUMN {sql.quoted(name)} {wanted[name]}"
            for name in missing
        )
    )


def columns_of(session: DuckDBSession, table: str) -> dict[str, str]:
    """Give the columns of a table and their types; none if there is no such table."""
    try:
        return {str(name): str(kind) for name, kind, *_ in session.rows(f"DESCRIBE {table}")}
    except duckdb.CatalogException:
        return {}
