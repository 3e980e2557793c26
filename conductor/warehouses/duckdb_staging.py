"""Where the rows of a load are staged in DuckDB."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.errors import FixTheData
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
