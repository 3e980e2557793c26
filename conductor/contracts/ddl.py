"""A contract's curated columns as a table of a warehouse."""

from __future__ import annotations

from enum import StrEnum

from sqlglot import exp

from conductor.contracts.casts import sql_type
from conductor.contracts.model import Column, Contract, Kind


class Warehouse(StrEnum):
    """The warehouses that a table can be written for; the values are SQLGlot's names of their dialects."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    REDSHIFT = "redshift"
    BIGQUERY = "bigquery"
    SNOWFLAKE = "snowflake"


def column_type(column: Column, warehouse: Warehouse) -> str:
    """Give a column's type as the warehouse writes it; instants keep their zone."""
    written = exp.DataType.build(sql_type(column), dialect="duckdb").sql(dialect=warehouse.value)
    if warehouse is Warehouse.BIGQUERY and column.kind is Kind.DECIMAL:
        # NUMERIC has 29 digits before the point and 9 behind it.
        precision, scale = column.precision or 0, column.scale or 0
        return written if precision - scale <= 29 and scale <= 9 else f"BIG{written}"
    return written


def create_table(contract: Contract, warehouse: Warehouse) -> str:
    """Give the CREATE TABLE of a product in the schema of its domain, with its business key and what must not
    be null.

    A second run changes nothing. The schema has to be there. Redshift, BigQuery and Snowflake note the key and do not
    enforce it.
    """
    columns = [
        f"{_name(column.name, warehouse)} {column_type(column, warehouse)}{' NOT NULL' if column.required else ''}"
        for column in contract.columns
    ]
    key = f"PRIMARY KEY ({', '.join(_name(name, warehouse) for name in contract.key)})"
    if warehouse is Warehouse.BIGQUERY:
        key += " NOT ENFORCED"
    table = f"{_name(contract.schema, warehouse)}.{_name(contract.table, warehouse)}"
    return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join([*columns, key])})"


def _name(name: str, warehouse: Warehouse) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect=warehouse.value)
