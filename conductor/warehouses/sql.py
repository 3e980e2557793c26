"""The SQL of a load, made from a contract. What stands here is SQL that DuckDB and PostgreSQL both read.

Names come from the contract only, are checked, and are quoted; values are always parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.ddl import column_type
from conductor.contracts.model import Column, Contract, Kind
from conductor.errors import FixTheConfiguration

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
OWN_SCHEMAS = frozenset({"conductor", "marts", "main", "public", "information_schema", "pg_catalog"})
OWNER_COLUMNS = ("_slot", "_version", "_batch")
STAGING = '"conductor_staging"'
LOAD_LEDGER, BUILT_THROUGH = "conductor.load_ledger", "conductor.built_through"
MART = "marts.mart_daily_revenue"
# Any numbers, the same for all processes: one at a time prepares a database, and no load comes between two models of a build.
PREPARING, BUILDING = 0x636F6E65, 0x636F6E66

SYSTEM_TABLES = (
    "CREATE SCHEMA IF NOT EXISTS conductor",
    "CREATE TABLE IF NOT EXISTS conductor.fence (slot VARCHAR PRIMARY KEY, epoch BIGINT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS conductor.load_ledger (
        batch VARCHAR PRIMARY KEY, slot VARCHAR NOT NULL, version BIGINT NOT NULL, epoch BIGINT NOT NULL,
        rows BIGINT NOT NULL, inserted BIGINT NOT NULL, updated BIGINT NOT NULL, deleted BIGINT NOT NULL,
        sums VARCHAR NOT NULL, days VARCHAR NOT NULL, identity VARCHAR NOT NULL,
        sequence BIGINT NOT NULL UNIQUE, loaded_at TIMESTAMPTZ NOT NULL, UNIQUE (slot, version))""",
    "CREATE TABLE IF NOT EXISTS conductor.built_through (sequence BIGINT NOT NULL)",
)

LEDGER_COLUMNS = "identity, sequence, rows, inserted, updated, deleted, sums"


def quoted(name: str) -> str:
    """Give a name of a contract as an identifier, or refuse it."""
    if not NAME.fullmatch(name):
        raise FixTheConfiguration(
            f"{name!r} cannot be a name in the warehouse: it starts with a small letter, then letters, digits and _"
        )
    return f'"{name}"'


def literal(text: str) -> str:
    """Give a text as an SQL literal, for the few places that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def schema(contract: Contract) -> str:
    """Give the schema of a product's table."""
    if contract.schema in OWN_SCHEMAS:
        raise FixTheConfiguration(
            f"the domain {contract.schema!r} of {contract.dataset} is the warehouse's own schema"
        )
    return quoted(contract.schema)


def table(contract: Contract) -> str:
    """Give the full name of a product's table."""
    return f"{schema(contract)}.{quoted(contract.table)}"


def definitions(contract: Contract, dialect: Dialect) -> str:
    """Give the column list of the product's table and of its staging table.

    Only the key is NOT NULL, and there is no key constraint: a column that comes later has no values in older rows, and MERGE
    keeps each key once.
    """
    own = (
        f"{quoted(column.name)} {typed(column, dialect)}{' NOT NULL' if column.name in contract.key else ''}"
        for column in contract.columns
    )
    text = f"VARCHAR{_collation(dialect)} NOT NULL"
    return ", ".join((*own, f"_slot {text}, _version BIGINT NOT NULL, _batch {text}"))


def typed(column: Column, dialect: Dialect) -> str:
    """Give the type of a column; texts are compared byte by byte, as DuckDB does, in whatever language a server was set up."""
    return column_type(column, dialect) + (_collation(dialect) if column.kind is Kind.TEXT else "")


def creation(contract: Contract, dialect: Dialect) -> tuple[str, ...]:
    """Make the product's table. Repeats, and racing others, change nothing."""
    there = (
        f"CREATE SCHEMA IF NOT EXISTS {schema(contract)}",
        f"CREATE TABLE IF NOT EXISTS {table(contract)} ({definitions(contract, dialect)})",
    )
    if dialect is not Dialect.POSTGRES:
        return there
    indexes = (
        f"CREATE INDEX IF NOT EXISTS {quoted(f'{contract.table[:50]}_{name}')} ON {table(contract)} ({columns})"
        for name, columns in (("key", _names(contract.key)), ("slot", "_slot"))
    )
    # One at a time. It is the lock of a table, since only after such a one does a session see what others have made meanwhile.
    alone = f"LOCK TABLE {BUILT_THROUGH} IN SHARE ROW EXCLUSIVE MODE"
    return (alone, *there, *indexes)


def repeated_key(contract: Contract) -> str:
    """Find a key that is staged twice."""
    key = _names(contract.key)
    return f"SELECT {key} FROM {STAGING} GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"


def touched_days(contract: Contract) -> str:
    """Find all business dates whose rows the load may change: staged, owned by the slot, or about to move from another."""
    day, same = quoted(contract.day), _same_key(contract)
    return (
        f"SELECT {day} FROM {STAGING} UNION SELECT {day} FROM {table(contract)} WHERE _slot = ? "
        f"UNION SELECT old.{day} FROM {table(contract)} AS old JOIN {STAGING} AS new ON {same}"
    )


def count_new(contract: Contract) -> str:
    """Count the staged rows whose key the table does not have."""
    return f"SELECT count(*) FROM {STAGING} AS new WHERE {_absent(contract)}"


def count_changed(contract: Contract) -> str:
    """Count the rows that will hold other values than before; rows that only change hands are not among them."""
    values = [column.name for column in contract.columns if column.name not in contract.key]
    differs = " OR ".join(f"new.{quoted(name)} IS DISTINCT FROM old.{quoted(name)}" for name in values)
    return (
        f"SELECT count(*) FROM {table(contract)} AS old JOIN {STAGING} AS new ON {_same_key(contract)} "
        f"WHERE (old._slot = new._slot OR {_newer(contract.newest)}) AND ({differs})"
    )


def count_gone(contract: Contract) -> str:
    """Count the slot's rows that the staged version no longer has."""
    return (
        f"SELECT count(*) FROM {table(contract)} AS old WHERE old._slot = ? "
        f"AND NOT EXISTS (SELECT 1 FROM {STAGING} AS new WHERE {_same_key(contract)})"
    )


def delete_slot(contract: Contract) -> str:
    """Take out what the slot had."""
    return f"DELETE FROM {table(contract)} WHERE _slot = ?"


def delete_older(contract: Contract) -> str:
    """Take out other slots' rows that a staged row is newer than; equal ones go by the slots' order, so that any order of loads ends alike."""
    return (
        f"DELETE FROM {table(contract)} AS old USING {STAGING} AS new "
        f"WHERE {_same_key(contract)} AND {_newer(contract.newest)}"
    )


def insert_absent(contract: Contract) -> str:
    """Bring in the staged rows whose key is not there: all but those of which another slot has a newer one."""
    columns = ", ".join((*(quoted(column.name) for column in contract.columns), *OWNER_COLUMNS))
    return (
        f"INSERT INTO {table(contract)} ({columns}) SELECT {columns} FROM {STAGING} AS new "
        f"WHERE {_absent(contract)}"
    )


def sums(contract: Contract, currency: str, amount: str) -> str:
    """Give rows and control total of a slot per currency."""
    code = f"coalesce({quoted(currency)}, '')"
    return (
        f"SELECT {code}, coalesce(sum({quoted(amount)}), 0) FROM {table(contract)} "
        f"WHERE _slot = ? GROUP BY {code} ORDER BY {code}"
    )


def business_columns(contract: Contract) -> str:
    """Read the contract's columns of a product."""
    return f"SELECT {_names(column.name for column in contract.columns)} FROM {table(contract)}"


def _collation(dialect: Dialect) -> str:
    return ' COLLATE "C"' if dialect is Dialect.POSTGRES else ""


def _absent(contract: Contract) -> str:
    return f"NOT EXISTS (SELECT 1 FROM {table(contract)} AS old WHERE {_same_key(contract)})"


def _names(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _same_key(contract: Contract) -> str:
    return " AND ".join(f"old.{quoted(name)} = new.{quoted(name)}" for name in contract.key)


def _newer(newest: tuple[str, ...]) -> str:
    """Compare column by column, a null being older than any value."""
    if not newest:
        return "new._slot > old._slot"
    old, new = f"old.{quoted(newest[0])}", f"new.{quoted(newest[0])}"
    later = f"{new} > {old} OR ({old} IS NULL AND {new} IS NOT NULL)"
    return f"({later} OR ({new} IS NOT DISTINCT FROM {old} AND {_newer(newest[1:])}))"
