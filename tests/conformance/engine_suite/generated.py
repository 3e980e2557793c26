"""Records made from a contract alone: values of each field's type, values at and beyond its edges, and rows of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from conductor.contracts.casts import PARTS
from conductor.contracts.model import FAULT, Column, Contract, Kind, SourceField
from conductor.contracts.rules import SLOT_DAY
from conductor.contracts.typed import polars_schema
from conductor.engines.protocol import ReferenceFiles

from .jobs import DAY, PRODUCTS, Row

USUAL_ROWS, ODD_ROWS = 400, 150
POOL = 6
"""Values per field that Hypothesis chooses; rows mix them."""
KEYS = 300
"""Values of a key that may be any text: few enough to repeat."""
TEXTS = (
    *(
        None,
        "",
        " ",
        "\t",
        " \r\n",
        "\u00a0",
        "ß",
        "İ",
        "日本語",
        "a\x00b",
        "e\u0301",
        "👩‍👩‍👧",
        "\u2028",
        "a\u2028",
    ),
    *("'", '"', "`", ";", "a;b", "\\", "a\\b", "\x1f", "${x}", "%_", "null", "1", "=1+1"),
)
NUMBERS = (
    *("0", "-0", "007", "+1", " 1", "1 ", ".5", "5.", "1,000.00", "1e3", "NaN", "Infinity", "0x10", "1_000"),
    *("7\n", "7\r", "٣", "", " ", "x", "-", "1.0000000001", "1000000000000000", "-1000000000000000"),
    *("1000000000000000.01", "90071992547409.93", "999999999999999999", "1000000000000000000", "9" * 40),
)
DAYS = (
    *("2024-02-29", "2025-02-29", "2100-02-29", "2000-02-29", "2026-02-30", "2026-11-31", "2026-11-2", ""),
    *("0999-12-31", "1000-01-01", "1582-10-10", "2999-12-31", "3000-01-01", "20.11.2026", "2026-11-20\n"),
)
INSTANTS = (
    *("2026-03-29T02:30:00+01:00", "2026-03-29T02:30:00Z", "2026-10-25T02:30:00+02:00"),
    *("2026-10-25T02:30:00+01:00", "2026-11-01T01:30:00-07:00", "2026-11-01T01:30:00-08:00"),
    *("2026-11-20T23:59:59.999999+14:00", "2026-11-20T00:00:00-00:00", "2026-11-20T13:45:06.1Z"),
    *("2026-11-20T13:45:06", "2026-11-20 13:45:06Z", "2026-11-20T24:00:00Z", "2026-11-20T13:45:60Z"),
    *("1000-01-01T00:00:00+14:00", "2026-11-20T13:45:06.1234567Z", "2026-11-20T13:45:06+15:00", "epoch", ""),
)
FLAGS = ("true", "false", "True", "TRUE", "1", "yes", "", " true")


@dataclass(frozen=True)
class Delivered:
    """Objects of rows, in the order in which they came, and the joined products as files."""

    objects: tuple[list[Row], ...]
    references: Mapping[str, ReferenceFiles]


def delivered(data: DataObject, contract: Contract, folder: Path) -> Delivered:
    """Draw what a source could deliver: usual rows, one in a hundred of them with a flaw, repetitions, and odd rows."""
    held = {name: _held(data, PRODUCTS[name].contract) for name in contract.references}
    usual = {path: _usual(data, field, contract, held) for path, field in _fields(contract).items()}
    odd = {path: _odd(data, field) for path, field in _fields(contract).items()}
    if FAULT in contract.record_columns:  # what a reader of files says of a line that it could not take apart
        usual[FAULT], odd[FAULT] = [None] * 20, ["BROKEN_LINE"]
    rng = Random(data.draw(st.integers(0, 2**32), label="mix"))
    first = [{path: rng.choice(values) for path, values in usual.items()} for _ in range(USUAL_ROWS)]
    for row in rng.sample(first, USUAL_ROWS // 100):
        path = rng.choice(list(odd))
        row[path] = rng.choice(odd[path])
    mixed = {path: [*usual[path], *rng.choices(odd[path], k=3)] for path in usual}
    second = [{path: rng.choice(values) for path, values in mixed.items()} for _ in range(ODD_ROWS)]
    second += [dict(row) for row in rng.sample(first, USUAL_ROWS // 5)]
    references = {
        name: ReferenceFiles(PRODUCTS[name].contract, (_file(folder, PRODUCTS[name].contract, rows),))
        for name, rows in held.items()
    }
    return Delivered((_numbered(first), _numbered(second)), references)


def _numbered(rows: list[Row]) -> list[Row]:
    return [row | {"_line": str(line), "_document": "1"} for line, row in enumerate(rows, start=1)]


def _fields(contract: Contract) -> dict[str, SourceField]:
    """Give the columns of the records; of several fields that read one, the strictest says what stands there."""
    fields = sorted(contract.fields, key=lambda field: field.kind is Kind.TEXT, reverse=True)
    return {field.path: field for field in fields if field.path != SLOT_DAY}


def _usual(
    data: DataObject, field: SourceField, contract: Contract, held: Mapping[str, list[dict[str, object]]]
) -> list[str | None]:
    """Draw good values; one that another product holds is taken from there, and what may be absent mostly is."""
    values: list[str | None] = []
    for foreign in contract.foreign_keys:
        if field.name in foreign.columns:
            target = foreign.targets[foreign.columns.index(field.name)]
            values += [str(row[target]) for row in held[foreign.dataset]]
            values += re.findall(rf"\b{field.name} = '([^']*)'", foreign.unless or "")
    if not values and _is_free_key(field, contract):
        values += map(str, range(1, KEYS + 1))
    if not values:
        values += data.draw(st.lists(_good(field), min_size=POOL, max_size=POOL), label=field.name)
    return values if field.required else [*values, *[None] * (2 * len(values))]


def _is_free_key(field: SourceField, contract: Contract) -> bool:
    """Tell whether a field is of the key and may hold any text."""
    return field.name in contract.key and field.kind is Kind.TEXT and not (field.pattern or field.allowed)


def _good(field: SourceField) -> SearchStrategy[str]:
    match field.kind:
        case Kind.DATE:
            return st.just(_written(DAY, field.format))
        case Kind.TIMESTAMP:
            offsets = st.sampled_from(["Z", "+00:00", "-08:00", "+05:30", "+14:00"])
            return st.builds(
                lambda at, offset: at.isoformat() + offset,
                st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)),
                offsets,
            )
        case Kind.BOOLEAN:
            return st.sampled_from(["true", "false"])
        case Kind.INTEGER | Kind.DECIMAL:
            return _number(field).map(str)
        case Kind.TEXT:
            return _text(field)


def _number(column: Column) -> SearchStrategy[Decimal]:
    """Draw numbers that a column holds, up to ± 10^15, with no more decimals than it has."""
    scale = column.scale or 0
    digits = (column.precision or 18) - scale
    most = min(10**15, 10**digits - 1)
    least = max(Decimal(column.minimum or -most), Decimal(-most))
    return st.decimals(least, min(Decimal(column.maximum or most), Decimal(most)), places=scale)


def _text(column: Column) -> SearchStrategy[str]:
    if column.allowed:
        return st.sampled_from(column.allowed)
    if column.pattern:
        return st.from_regex(column.pattern.replace("$", r"\Z"), fullmatch=True)
    return st.text(min_size=max(1, column.min_length or 1), max_size=min(30, column.max_length or 30))


def _odd(data: DataObject, field: SourceField) -> list[str | None]:
    """Draw values at the edge of what a field takes, and beyond; which of them are bad is for the engines to say."""
    edges: list[str | None] = [None]
    match field.kind:
        case Kind.TEXT:
            edges += TEXTS
            edges += ["🧾" * length for length in (field.max_length, (field.max_length or 0) + 1) if length]
            edges += [value + extra for value in field.allowed for extra in ("\n", " ", "\u0085")]
            edges += ["usd", "USD\n", "ÄÖÜ"] if field.pattern else []
            drawn = st.text(max_size=40)
        case Kind.DATE:
            days = st.dates(date(1000, 1, 1), date(2999, 12, 31))
            edges += DAYS
            edges += [_written(date(2024, 2, 29), field.format), _written(DAY + timedelta(1), field.format)]
            drawn = days.map(lambda day: _written(day, field.format))
        case Kind.TIMESTAMP:
            edges += INSTANTS
            drawn = st.datetimes(datetime(1000, 1, 2)).map(lambda at: at.isoformat() + "Z")
        case Kind.BOOLEAN:
            edges += FLAGS
            drawn = st.text(max_size=5)
        case Kind.INTEGER | Kind.DECIMAL:
            edges += NUMBERS
            drawn = _number(Column(field.name, field.kind, "", precision=18, scale=field.scale)).map(str)
    return [*edges, *data.draw(st.lists(drawn, min_size=POOL, max_size=POOL), label=f"odd {field.name}")]


def _written(day: date, form: str | None) -> str:
    """Write a day as a contract's format says."""
    text = form or "yyyy-MM-dd"
    for part, digits in zip(PARTS, (f"{day:%Y}", f"{day:%m}", f"{day:%d}"), strict=True):
        text = text.replace(part, digits)
    return text


def _held(data: DataObject, contract: Contract) -> list[dict[str, object]]:
    """Draw three rows of a joined product, each with a key of its own."""
    columns = {
        column.name: data.draw(
            st.lists(_typed(column), min_size=3, max_size=3, unique=_distinct(column, contract)),
            label=f"{contract.table}.{column.name}",
        )
        for column in contract.columns
    }
    return [{name: values[n] for name, values in columns.items()} for n in range(3)]


def _distinct(column: Column, contract: Contract) -> bool:
    return column.name in contract.key and column.kind is Kind.TEXT and not column.allowed


def _typed(column: Column) -> SearchStrategy[object]:
    match column.kind:
        case Kind.DATE:
            return st.just(DAY)
        case Kind.TIMESTAMP:
            return st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.INTEGER:
            return st.integers(0, 10**15)
        case Kind.DECIMAL:
            return _number(column)
        case Kind.TEXT:
            return _text(column)


def _file(folder: Path, contract: Contract, rows: list[dict[str, object]]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{contract.table}.parquet"
    pl.DataFrame(rows, schema=polars_schema(contract.columns)).write_parquet(path)
    return str(path)
