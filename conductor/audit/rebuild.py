"""A second opinion: contract and SQL of a product on DuckDB, written for clarity and sharing no code with an engine.

The tables of a rebuild: `records` (the text as it came), one per joined product, `fated` (every row, typed, with its
reasons and its `fate`), `accepted` (the newest good row of each key), and `curated` (what `refine.sql` makes of it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from conductor.contracts.casts import sql_type
from conductor.contracts.dialects import DUCKDB, identifier, literal
from conductor.contracts.model import Contract, Product
from conductor.contracts.rules import RAW, SLOT_DAY, check_sql
from conductor.records import CORRECTS, LINE
from conductor.values import Counts

FATES = ("accepted", "rejected", "duplicates", "superseded")
ORIGIN = ("_object", "_position")
"""Columns of a row that name its object, and that object's place in the batch, from 0."""


@dataclass(frozen=True)
class Records:
    """The records of one raw object, on disk."""

    path: Path
    object_id: str


@dataclass(frozen=True)
class Joined:
    """The files of a product that is joined, on disk; there may be none."""

    contract: Contract
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Recipe:
    """All that decides what a batch holds. `records` stand in the batch's order: a later object corrects earlier ones."""

    product: Product
    day: date
    records: tuple[Records, ...]
    joined: tuple[Joined, ...] = ()


def rebuild(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> Counts:
    """Make the tables of a rebuild in an empty database, and count the fates of all rows."""
    connection.execute(
        "SET TimeZone = 'UTC'; CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)"
    )
    contract = recipe.product.contract
    _join(connection, recipe.joined)
    _read(connection, recipe)
    _judge(connection, contract)
    connection.execute(f"CREATE TABLE refined AS {recipe.product.refine_sql}")
    columns = ", ".join(
        f"CAST({column.name} AS {sql_type(column)}) AS {column.name}" for column in contract.columns
    )
    connection.execute(f"CREATE TABLE curated AS SELECT {columns} FROM refined")
    return _counts(connection)


def _counts(connection: duckdb.DuckDBPyConnection) -> Counts:
    fates = dict(connection.execute("SELECT fate, count(*) FROM fated GROUP BY ALL").fetchall())
    [(curated,)] = connection.execute("SELECT count(*) FROM curated").fetchall()
    counted = {fate: fates.get(fate, 0) for fate in FATES} | {"accepted": curated}
    return Counts(records=sum(fates.values()), **counted)


def _join(connection: duckdb.DuckDBPyConnection, joined: Sequence[Joined]) -> None:
    for product in joined:
        columns = ", ".join(f"{column.name} {sql_type(column)}" for column in product.contract.columns)
        connection.execute(f"CREATE TABLE {product.contract.table} ({columns})")
        for path in product.files:
            connection.execute(f"INSERT INTO {product.contract.table} BY NAME SELECT * FROM {_file(path)}")


def _read(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Make `records`: text columns behind `RAW`, and whether a correction took the row's place.

    A row is known by its content: `t` is `name=value` of its columns that have one. A correction names in `target` the
    row of an earlier object that it replaces; one that meets none such is of no use itself.
    """
    union = " UNION ALL BY NAME ".join(
        f"SELECT *, {literal(file.object_id)} AS _object, {place} AS _position FROM {_file(file.path)}"
        for place, file in enumerate(recipe.records)
    )
    connection.execute(f"CREATE TABLE delivered AS {union}")
    names = columns_of(connection, "delivered")
    content = sorted({*names} - {LINE, CORRECTS})
    text = ", ".join(f"{literal(name + '=')} || {identifier(name)}" for name in content)
    target = CORRECTS if CORRECTS in names else "CAST(NULL AS VARCHAR)"
    connection.execute(
        f"CREATE TABLE told AS SELECT *, concat_ws(chr(31), {text}) AS t, {target} AS target FROM delivered"
    )
    superseded = """
        EXISTS (FROM told c WHERE c.target = r.t AND c._position > r._position)
        OR r.target IS NOT NULL
        AND NOT EXISTS (FROM told b WHERE b.t = r.target AND b._position < r._position)
    """
    raw = [f"r.{identifier(name)} AS {identifier(RAW + name)}" for name in names]
    read = recipe.product.contract.record_columns
    raw += [f"NULL::VARCHAR AS {identifier(RAW + path)}" for path in read if path not in (*names, SLOT_DAY)]
    connection.execute(
        f"CREATE TABLE records AS SELECT {', '.join(raw)}, {', '.join(ORIGIN)}, CAST({LINE} AS BIGINT) AS _number, "
        f"'{recipe.day}' AS {identifier(RAW + SLOT_DAY)}, {superseded} AS _superseded FROM told r"
    )


def _judge(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    order = ", ".join(f"{name} DESC NULLS LAST" for name in (*contract.newest, "_position", "_number"))
    connection.execute(f"""
        CREATE TABLE fated AS WITH checked AS ({check_sql(contract, DUCKDB)}),
        first AS (
            SELECT *, CASE WHEN _superseded THEN 'superseded' WHEN _reasons = '' THEN 'accepted'
                ELSE 'rejected' END AS f
            FROM checked
        ),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY f, {", ".join(contract.key)} ORDER BY {order}) AS place
            FROM first
        )
        SELECT *, CASE WHEN f = 'accepted' AND place > 1 THEN 'duplicates' ELSE f END AS fate FROM ranked
    """)
    fields = ", ".join(field.name for field in contract.fields)
    connection.execute(f"CREATE TABLE accepted AS SELECT {fields} FROM fated WHERE fate = 'accepted'")


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Give the columns that the records came with, in the order in which they were met."""
    found = connection.execute(f"DESCRIBE {table}").fetchall()
    return [str(name) for name, *_ in found if name not in ORIGIN]


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
