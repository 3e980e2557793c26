"""Where the rows of a load are staged in PostgreSQL: a temporary table, filled by COPY."""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterable

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Contract
from conductor.errors import FixTheData
from conductor.values import Batch
from conductor.warehouses import sql
from conductor.warehouses.arrow import conform
from conductor.warehouses.postgres_session import PostgresSession

# What means something in COPY's text format, and how it is written there; the backslash first.
ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
NULL = "\\N"


def stage(session: PostgresSession, contract: Contract, batch: Batch, data: Iterable[pa.RecordBatch]) -> None:
    """Write the rows beside the table, where nobody reads, each with whose it is. The table goes with the transaction.

    Errors: `FixTheData` for a row without its key, or with a text that PostgreSQL cannot keep.
    """
    session.run(
        f"CREATE TEMPORARY TABLE {sql.STAGING} ({sql.definitions(contract, Dialect.POSTGRES)}) ON COMMIT DROP"
    )
    owner = pa.scalar("\t".join(_escaped(text) for text in (batch.slot.id, str(batch.version), batch.id)))
    try:
        with (
            session.connection.cursor() as cursor,
            cursor.copy(b"COPY " + sql.STAGING.encode() + b" FROM STDIN") as copy,
        ):
            for arriving in data:
                copy.write(lines(conform(contract, arriving), owner))
    except psycopg.errors.NotNullViolation as error:
        column = error.diag.column_name
        raise FixTheData(
            f"{batch.slot.id} has a row without its key: {column} is empty", batch=batch.id
        ) from None
    except psycopg.DataError as error:
        raise FixTheData(
            f"{batch.slot.id} has a value that PostgreSQL cannot keep, such as a text with a NUL character "
            f"(SQLSTATE {error.sqlstate})",
            batch=batch.id,
        ) from None
    session.run(f"ANALYZE {sql.STAGING}")


def lines(batch: pa.RecordBatch, owner: pa.Scalar) -> bytes:
    """Give rows in COPY's text format, whole columns at a time; decimals and instants as they are, to the last digit."""
    if not batch.num_rows:
        return b""
    joined = pc.call_function("binary_join_element_wise", [*map(_field, batch.columns), owner, "\t"])
    return "".join(f"{line}\n" for line in joined.to_pylist()).encode()


def _field(column: pa.Array) -> pa.Array:
    text = column.cast(pa.string())
    if pa.types.is_string(column.type):
        for character, written in ESCAPES:
            text = pc.call_function(
                "replace_substring", [text], pc.ReplaceSubstringOptions(character, written)
            )
    return pc.fill_null(text, NULL)


def _escaped(text: str) -> str:
    for character, written in ESCAPES:
        text = text.replace(character, written)
    return text
