"""Spark's types beside those of contracts and of Polars."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from pyspark.sql import types as spark

from conductor.contracts.model import Column, Kind

WHOLE = (spark.ByteType, spark.ShortType, spark.IntegerType, spark.LongType)


def spark_type(column: Column) -> spark.DataType:
    """Give a column's type in Spark; instants are UTC, in microseconds."""
    match column.kind:
        case Kind.TEXT:
            return spark.StringType()
        case Kind.INTEGER:
            return spark.LongType()
        case Kind.DECIMAL:
            return spark.DecimalType(column.precision or 38, column.scale or 0)
        case Kind.DATE:
            return spark.DateType()
        case Kind.TIMESTAMP:
            return spark.TimestampType()
        case Kind.BOOLEAN:
            return spark.BooleanType()


def spark_schema(columns: Iterable[Column]) -> spark.StructType:
    """Give the schema of a frame with these columns, in their order."""
    return spark.StructType([spark.StructField(column.name, spark_type(column)) for column in columns])


def polars_schema_of(schema: spark.StructType) -> pl.Schema:
    """Give a frame's schema in the terms of Polars; a type that no contract has becomes `Unknown`."""
    return pl.Schema({field.name: _polars_type(field.dataType) for field in schema.fields})


def _polars_type(given: spark.DataType) -> pl.DataType:
    match given:
        case spark.StringType():
            return pl.String()
        case spark.DecimalType():
            return pl.Decimal(given.precision, given.scale)
        case spark.DateType():
            return pl.Date()
        case spark.TimestampType():
            return pl.Datetime("us", "UTC")
        case spark.BooleanType():
            return pl.Boolean()
        case _:
            return pl.Int64() if isinstance(given, WHOLE) else pl.Unknown()
