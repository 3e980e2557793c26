"""A product's SQL, tried on every engine at hand over tables of its own types, before any data comes.

Each table has one row of plain values, for engines find some faults, such as a text compared with a number, only at
work. What an engine says is passed on in its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

import duckdb
import polars as pl
from polars import exceptions

from conductor.contracts.load import ACCEPTED
from conductor.contracts.model import Column, Contract, Kind, Product
from conductor.contracts.typed import polars_type

Tables: TypeAlias = Mapping[str, pl.DataFrame]
Run: TypeAlias = Callable[[str, Tables], pl.Schema]
SAMPLES: Mapping[Kind, object] = {
    Kind.TEXT: "a",
    Kind.INTEGER: 1,
    Kind.DECIMAL: Decimal(0),
    Kind.DATE: date(2026, 1, 1),
    Kind.TIMESTAMP: datetime(2026, 1, 1, tzinfo=UTC),
    Kind.BOOLEAN: True,
}


class Refused(Exception):
    """An engine can't run a query; the message is what it says, with the place."""


def try_rules(contract: Contract, engines: Mapping[str, Run]) -> Iterator[tuple[str, str]]:
    """Give the code of each rule or relationship whose condition an engine can't run, and what the engine says."""
    tables = {ACCEPTED: _frame(contract.fields)}
    conditions = [(rule.code, rule.sql) for rule in contract.rules]
    conditions += [(each.code, each.unless) for each in contract.foreign_keys if each.unless]
    for code, condition in conditions:
        for said, given in _on_each(f"SELECT ({condition}) AS ok FROM {ACCEPTED}", tables, engines):
            if given is None:
                yield code, said
            elif given["ok"] != pl.Boolean:
                yield code, f"{said}: it gives {given['ok']}, and a condition gives true or false"


def try_figures(contract: Contract, engines: Mapping[str, Run]) -> Iterator[tuple[str, str]]:
    """Give the code of each figure that an engine can't compute or that is no exact number, and what the engine says."""
    tables = {contract.table: _frame(contract.columns)}
    for figure in contract.figures:
        for said, given in _on_each(figure.sql, tables, engines):
            if given is None:
                yield figure.code, said
            elif not all(dtype.is_integer() or isinstance(dtype, pl.Decimal) for dtype in given.dtypes()):
                yield (
                    figure.code,
                    f"{said}: it gives {given.dtypes()[0]}, and a figure is a whole or decimal number",
                )


def try_refine(product: Product, joined: Sequence[Contract], engines: Mapping[str, Run]) -> Iterator[str]:
    """Give what an engine says of a `refine.sql` that it can't run, and where the result is not what the contract says."""
    contract = product.contract
    tables = {ACCEPTED: _frame(contract.fields)} | {other.table: _frame(other.columns) for other in joined}
    for said, given in _on_each(product.refine_sql, tables, engines):
        if given is None:
            yield said
            continue
        wanted = {column.name: column for column in contract.columns}
        yield from (f"{said}: it does not give the column {name}" for name in wanted if name not in given)
        yield from (
            f"{said}: it gives {name}, which the contract does not name"
            for name in given
            if name not in wanted
        )
        for name, column in wanted.items():
            if name in given and not _alike(given[name], polars_type(column)):
                yield f"{said}: {name} is {given[name]}, and the contract says {polars_type(column)}"


def _on_each(sql: str, tables: Tables, engines: Mapping[str, Run]) -> Iterator[tuple[str, pl.Schema | None]]:
    """Give each engine's name with the columns of the result, or its complaint with None."""
    for name, run in engines.items():
        try:
            yield name, run(sql, tables)
        except (duckdb.Error, exceptions.PolarsError, Refused) as error:
            yield f"{name}: {_words(error)}", None


def _polars(sql: str, tables: Tables) -> pl.Schema:
    return pl.SQLContext(frames=tables).execute(sql, eager=True).schema


def _duckdb(sql: str, tables: Tables) -> pl.Schema:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            "SET TimeZone = 'UTC'; CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)"
        )
        for name, frame in tables.items():
            connection.register(name, frame.to_arrow())
        return connection.execute(sql).pl().schema


ENGINES: Mapping[str, Run] = {"Polars": _polars, "DuckDB": _duckdb}
"""The engines that are always at hand, and answer at once."""


def _words(error: Exception) -> str:
    """Give an engine's complaint on one line; its picture of the place becomes a line number."""
    lines = [line for line in str(error).splitlines() if line.strip(" ^")]
    place = next((line.split(":")[0].lower() for line in lines if line.startswith("LINE ")), None)
    return lines[0] + (f" ({place})" if place else "") if lines else type(error).__name__


def _frame(columns: Sequence[Column]) -> pl.DataFrame:
    return pl.DataFrame(
        {column.name: pl.Series([_sample(column)], dtype=polars_type(column)) for column in columns}
    )


def _sample(column: Column) -> object:
    """Give a plain value of a column; none where a pattern decides what a value is."""
    if column.allowed:
        return column.allowed[0]
    return None if column.pattern else SAMPLES[column.kind]


def _alike(given: pl.DataType, wanted: pl.DataType) -> bool:
    """Tell whether a column can become what the contract says without changing a value: widths may differ."""
    if isinstance(given, pl.Decimal) and isinstance(wanted, pl.Decimal):
        return given.scale == wanted.scale
    if isinstance(given, pl.Datetime) and isinstance(wanted, pl.Datetime):
        return (given.time_zone is None) == (wanted.time_zone is None)
    return given == wanted or (given.is_integer() and wanted.is_integer())
