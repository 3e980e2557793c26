"""A column of a contract, read from an ODCS property."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

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
OPTIONS: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: frozenset({"maxLength", "pattern"}),
    Kind.INTEGER: frozenset({"minimum", "maximum"}),
    Kind.DECIMAL: frozenset({"minimum", "maximum"}),
    Kind.DATE: frozenset({"minimum", "maximum"}),
    Kind.TIMESTAMP: frozenset(),
    Kind.BOOLEAN: frozenset(),
}
TELLING = frozenset(
    {"id", "description", "businessName", "classification", "tags", "examples", "deprecated", "synonyms"}
    | {"authoritativeDefinitions", "criticalDataElement"}
)
"""Keys that inform people and ask nothing of the machine."""
TYPED = frozenset({"name", "logicalType", "logicalTypeOptions", "physicalType", "required", "enum"})


def read_column(node: Node, problems: Problems, more_keys: frozenset[str]) -> Column:
    """Read a property; what it asks for and nobody would check is a fault. `more_keys` are those that the
    caller reads.
    """
    for key in node.names():
        if key not in TELLING | TYPED | more_keys:
            problems.add(
                node.line_of(key), f"`{key}` is part of the standard, but not of what is checked here"
            )
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
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        max_length=node.node("logicalTypeOptions").whole("maxLength"),
        classification=node.text("classification") or None,
    )
    _check_bounds(column, node, problems)
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


def _check_bounds(column: Column, node: Node, problems: Problems) -> None:
    """Find bounds that the column's own type cannot hold."""
    if column.kind not in (Kind.INTEGER, Kind.DECIMAL):
        return
    smallest = Decimal(1).scaleb(-(column.scale or 0))
    for bound in filter(None, (column.minimum, column.maximum)):
        try:
            fits = Decimal(bound) % smallest == 0
        except InvalidOperation:
            fits = False
        if not fits:
            problems.add(
                node.line_of("logicalTypeOptions"),
                f"the bound {bound} of {column.name} is not a value of its type",
            )
