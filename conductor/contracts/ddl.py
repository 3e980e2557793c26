"""A contract's curated columns as a table of a warehouse."""

from __future__ import annotations

from enum import StrEnum

from sqlglot import exp

from conductor.contracts.casts import sql_type
from conductor.contracts.dialects import identifier
from conductor.contracts.model import Column, Contract


class Warehouse(StrEnum):
    """The warehouses that a table can be written for; the values are SQLGlot's names of their dialects."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


def column_type(column: Column, warehouse: Warehouse) -> str:
    """Give a column's type as the warehouse writes it; instants keep their zone."""
    return exp.DataType.build(sql_type(column), dialect="duckdb").sql(dialect=warehouse.value)


def create_table(contract: Contract, warehouse: Warehouse) -> str:
    """Give the CREATE TABLE of a product in the schema of its domain, with its business key and what must not
    be null.

    A second run changes nothing. The schema has to be there.
    """
    columns = [
        f"{identifier(column.name)} {column_type(column, warehouse)}{' NOT NULL' if column.required else ''}"
        for column in contract.columns
    ]
    key = f"PRIMARY KEY ({', '.join(map(identifier, contract.key))})"
    table = f"{identifier(contract.schema)}.{identifier(contract.table)}"
    return f"CREATE TABLE IF NOT EXISTS {table} ({', '.join([*columns, key])})"
