"""A contract's columns as the schemas of Polars and Arrow."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from conductor.contracts.casts import sql_type
from conductor.contracts.model import Column, Kind
from conductor.values import digest


def polars_type(column: Column) -> pl.DataType:
    """Give a column's type in Polars; instants are UTC, in microseconds."""
    match column.kind:
        case Kind.TEXT:
            return pl.String()
        case Kind.INTEGER:
            return pl.Int64()
        case Kind.DECIMAL:
            return pl.Decimal(column.precision, column.scale or 0)
        case Kind.DATE:
            return pl.Date()
        case Kind.TIMESTAMP:
            return pl.Datetime("us", "UTC")
        case Kind.BOOLEAN:
            return pl.Boolean()


def arrow_type(column: Column) -> pa.DataType:  # pyright: ignore[reportUnknownParameterType]
    """Give a column's type in Arrow; instants are UTC, in microseconds."""
    match column.kind:
        case Kind.TEXT:
            return pa.string()
        case Kind.INTEGER:
            return pa.int64()
        case Kind.DECIMAL:
            return pa.decimal128(column.precision or 38, column.scale or 0)
        case Kind.DATE:
            return pa.date32()
        case Kind.TIMESTAMP:
            return pa.timestamp("us", tz="UTC")
        case Kind.BOOLEAN:
            return pa.bool_()


def polars_schema(columns: Iterable[Column]) -> pl.Schema:
    """Give the schema of a frame with these columns, in their order."""
    return pl.Schema({column.name: polars_type(column) for column in columns})


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:  # pyright: ignore[reportUnknownParameterType]
    """Give the schema of a table with these columns, in their order; a required column admits no null."""
    return pa.schema(
        [pa.field(column.name, arrow_type(column), nullable=not column.required) for column in columns]
    )


def schema_hash(columns: Iterable[Column]) -> str:
    """Give 32 hex characters that change with a column's name, type or place, whatever engine wrote it."""
    return digest(*(f"{column.name} {sql_type(column)}" for column in columns))
