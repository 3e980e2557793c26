"""A product's SQL, tried on Spark before any data comes."""

from __future__ import annotations

import polars as pl
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from conductor.contracts.spark_sql import spark_sql
from conductor.contracts.trial import Refused, Tables
from conductor.engines.spark_errors import words
from conductor.engines.spark_session import spark_session
from conductor.engines.spark_types import polars_schema_of

MEMORY = 1_000_000_000
"""Heap for tables of one row, and for Spark itself."""


def run_on_spark(sql: str, tables: Tables) -> pl.Schema:
    """Give the columns of a query's result over small tables; what Spark says against it is `Refused`."""
    session = spark_session(MEMORY)
    try:
        for name, frame in tables.items():
            session.createDataFrame(frame.to_arrow()).createOrReplaceTempView(name)
        result = session.sql(spark_sql(sql))
        result.collect()
    except (PySparkException, Py4JError) as error:
        raise Refused(words(error)) from None
    return polars_schema_of(result.schema)
