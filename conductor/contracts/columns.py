"""A column of a contract, read from an ODCS property."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext

from conductor.contracts.bounds import DIGITS
from conductor.contracts.casts import FORMAT, ISO, PARTS, guard
from conductor.contracts.document import Node
from conductor.contracts.model import Column, Kind
from conductor.contracts.portable import check_pattern
from conductor.contracts.problems import Problems

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\( ?([0-9]{1,2}) ?, ?([0-9]{1,2}) ?\)", re.IGNORECASE)
BINARY = re.compile(r"FLOAT|DOUBLE|REAL", re.IGNORECASE)
KINDS: Mapping[str, Kind] = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.DECIMAL,
    "date": Kind.DATE,
    "timestamp": Kind.TIMESTAMP,
    "boolean": Kind.BOOLEAN,
}
PHYSICAL: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("VARCHAR", "TEXT"),
    Kind.INTEGER: ("BIGINT",),
    Kind.DATE: ("DATE",),
    Kind.TIMESTAMP: ("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"),
    Kind.BOOLEAN: ("BOOLEAN",),
}
"""Physical types that say nothing more than the logical one."""
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
OPTIONS: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"minLength", "maxLength", "pattern"}),
    Kind.INTEGER: BOUNDS,
    Kind.DECIMAL: BOUNDS,
    Kind.DATE: BOUNDS | {"format"},
    Kind.TIMESTAMP: frozenset(),
    Kind.BOOLEAN: frozenset(),
}


def read_column(node: Node, problems: Problems) -> Column:
    """Read a property; what it asks of values and nobody would check is a fault."""
    name = node.text("name")
    if not NAME.fullmatch(name):
        problems.add(
            node.line_of("name"),
            f"`{name}` cannot name a column: lower-case letters, digits and _, a letter first",
        )
    kind = KINDS.get(node.text("logicalType"))
    if kind is None:
        problems.add(
            node.line_of("logicalType"), f"`logicalType` of {name} has to be one of {', '.join(KINDS)}"
        )
        kind = Kind.TEXT
    precision, scale = _digits(node, kind, problems)
    options = _options(node, kind, problems)
    column = Column(
        name=name,
        kind=kind,
        description=node.text("description"),
        required=node.flag("required"),
        precision=precision,
        scale=scale,
        pattern=options.get("pattern"),
        allowed=_allowed(node, kind, problems),
        max_length=node.node("logicalTypeOptions").whole("maxLength"),
        classification=node.text("classification") or None,
        min_length=node.node("logicalTypeOptions").whole("minLength"),
        unique=node.flag("unique"),
        format=_date_format(options.get("format"), node, problems),
    )
    column = _bounded(column, node.node("logicalTypeOptions"), problems)
    _check_physical(column, node, problems)
    for sentence in _bound_faults(column):
        problems.add(node.line_of("logicalTypeOptions"), sentence)
    return column


def _digits(node: Node, kind: Kind, problems: Problems) -> tuple[int | None, int | None]:
    """Read precision and scale; money never is binary floating point."""
    physical = node.text("physicalType")
    if BINARY.search(physical):
        problems.add(
            node.line_of("physicalType"),
            f"{physical} is binary floating point; write DECIMAL(18,2) or the like",
        )
        return None, None
    if kind is not Kind.DECIMAL:
        return None, None
    found = DECIMAL.fullmatch(physical)
    if not found or not int(found[2]) < int(found[1]) <= 38:
        line = node.line_of("physicalType")
        problems.add(
            line, f"{node.text('name')} is a number and needs `physicalType: DECIMAL(p,s)`, with s < p <= 38"
        )
        return None, None
    return int(found[1]), int(found[2])


def _options(node: Node, kind: Kind, problems: Problems) -> dict[str, str]:
    options = node.node("logicalTypeOptions")
    for key in options.names():
        if key not in OPTIONS[kind]:
            problems.add(options.line_of(key), f"`{key}` of a {kind.value} column is not checked here")
    for fault in check_pattern(options.text("pattern")):
        problems.add(options.line_of("pattern"), fault)
    return {key: options.text(key) for key in options.names()}


def _allowed(node: Node, kind: Kind, problems: Problems) -> tuple[str, ...]:
    values = tuple(entry.text("value") for entry in node.nodes("enum"))
    if values and kind is not Kind.TEXT:
        problems.add(
            node.line_of("enum"),
            f"`enum` is checked for text only, and {node.text('name')} is a {kind.value}",
        )
    return values


def _date_format(form: str | None, node: Node, problems: Problems) -> str | None:
    """Give the format of a date where it is not the usual one."""
    if form in (None, ISO):
        return None
    found = FORMAT.fullmatch(form)
    if not found or {found[1], found[3], found[5]} != PARTS.keys():
        line = node.node("logicalTypeOptions").line_of("format")
        problems.add(
            line, f"`format` cannot be `{form}`: it is yyyy, MM and dd, in any order, with - . or / between"
        )
        return None
    return form


def _check_physical(column: Column, node: Node, problems: Problems) -> None:
    """Find a physical type that asks for more than the logical one, such as a length that nobody would check."""
    physical = node.text("physicalType")
    if column.kind is Kind.DECIMAL or not physical or BINARY.search(physical):
        return
    if physical.upper() not in PHYSICAL[column.kind]:
        known = " or ".join(PHYSICAL[column.kind])
        problems.add(
            node.line_of("physicalType"),
            f"`physicalType` of the {column.kind} {column.name} is {known} or absent, not {physical}",
        )


def _bounded(column: Column, options: Node, problems: Problems) -> Column:
    """Give a column its bounds. Its values are steps apart, so one that is not allowed itself makes its neighbour the bound."""
    found: dict[str, str] = {}
    for end, exclusive, step in (
        ("minimum", "exclusiveMinimum", 1),
        ("maximum", "exclusiveMaximum", -1),
    ):
        if {end, exclusive} <= set(options.names()):
            problems.add(
                options.line_of(exclusive), f"{column.name} has `{end}` and `{exclusive}`; write one"
            )
        if options.text(end):
            found[end] = options.text(end)
        elif bound := options.text(exclusive):
            found[end] = _next(column, bound, step) if _is_value(column, bound) else bound
    return replace(column, minimum=found.get("minimum"), maximum=found.get("maximum"))


def _next(column: Column, bound: str, step: int) -> str:
    """Give the value that follows a bound, or comes before it."""
    if column.kind is Kind.DATE:
        return (date.fromisoformat(bound) + timedelta(days=step)).isoformat()
    with localcontext(prec=DIGITS):
        return format(Decimal(bound) + Decimal(step).scaleb(-(column.scale or 0)), "f")


def _is_value(column: Column, bound: str) -> bool:
    """Tell whether a bound is a value of the column's type, in ISO 8601 and with a decimal point."""
    if column.kind is Kind.DECIMAL and column.precision is None:
        return False
    return bool(re.fullmatch(guard(replace(column, format=None, decimal_mark=".")) or "", bound))


def _bound_faults(column: Column) -> Iterator[str]:
    """Find bounds that the column's own type, where it is known, cannot hold, and those that leave no value."""
    if column.kind is Kind.DECIMAL and column.precision is None:
        return
    for bound in filter(None, (column.minimum, column.maximum)):
        if not _is_value(column, bound):
            yield f"the bound {bound} of {column.name} is not a value of its type"
            return
    if column.minimum and column.maximum and _reversed(column, column.minimum, column.maximum):
        yield f"{column.name} has to be at least {column.minimum} and at most {column.maximum}: nothing is"
    shortest = max(column.min_length or 1, 1)  # a text of no length is no value
    if column.max_length is not None and column.max_length < shortest:
        yield f"{column.name} has to be at least {shortest} long and at most {column.max_length}: nothing is"


def _reversed(column: Column, minimum: str, maximum: str) -> bool:
    # ISO dates are ordered as their texts are.
    return maximum < minimum if column.kind is Kind.DATE else Decimal(maximum) < Decimal(minimum)
