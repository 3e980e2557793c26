"""Rows for a query: which properties may be asked for, which rows match, in which order."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from sandbox.quickbooks.jsontext import Document
from sandbox.quickbooks.query import BadQuery, Condition, Order, Query
from sandbox.quickbooks.receipts import PACIFIC

Row = TypeVar("Row")
Value: TypeAlias = "str | Decimal | date | datetime | bool | int"

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Kind(Enum):
    """What a property holds, which decides how a literal is read."""

    TEXT = "text"
    ID = "id"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    FLAG = "flag"


@dataclass(frozen=True)
class Property(Generic[Row]):
    """One property that may be filtered and sorted by. `read` gives None where the row lacks it."""

    kind: Kind
    read: Callable[[Row], Value | None]


@dataclass(frozen=True)
class Table(Generic[Row]):
    """One entity: its properties by lower-case name and how a row is written.

    `hides_inactive`: rows with Active false are left out unless the statement has a condition on Active.
    """

    entity: str
    properties: Mapping[str, Property[Row]]
    document: Callable[[Row], Document]
    hides_inactive: bool = False

    def property(self, name: str) -> Property[Row]:
        """Give a property by its name in any casing; `BadQuery` where the entity has none of that name."""
        found = self.properties.get(name.lower())
        if found is None:
            raise BadQuery(f"Property {name} not found for Entity {self.entity}")
        return found


def matching(table: Table[Row], query: Query, rows: Iterable[Row]) -> list[Row]:
    """Give the rows that hold all conditions, in the order they came."""
    tests = [_test(table.property(each.field), each) for each in query.where]
    if table.hides_inactive and not any(each.field.lower() == "active" for each in query.where):
        tests.append(_test(table.property("Active"), Condition("Active", "=", ("true",))))
    return [row for row in rows if all(test(row) for test in tests)]


def ordered(table: Table[Row], order: Sequence[Order], rows: Iterable[Row]) -> list[Row]:
    """Sort rows by the keys, rows without a value last; rows that tie stay as they came."""
    result = list(rows)
    for key in reversed(order):
        read = table.property(key.field).read
        present = [row for row in result if read(row) is not None]
        absent = [row for row in result if read(row) is None]
        present.sort(key=_sort_key(read), reverse=key.descending)
        result = present + absent
    return result


def bounds(query: Query, field: str) -> tuple[date | None, date | None]:
    """Give the first and last day (Pacific) that the conditions on a date or time property leave open."""
    lows: list[date] = []
    highs: list[date] = []
    for each in query.where:
        if each.field.lower() != field.lower() or each.operator == "LIKE":
            continue
        days = [instant(value).astimezone(PACIFIC).date() for value in each.values]
        if each.operator in {"=", "IN", ">", ">="}:
            lows.append(min(days))
        if each.operator in {"=", "IN", "<", "<="}:
            highs.append(max(days))
    return max(lows, default=None), min(highs, default=None)


def instant(text: str) -> datetime:
    """Read an ISO date or date-time; what has no offset is Pacific. `BadQuery` for anything else."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQuery(f"{text!r} is no date") from error
    return value if value.tzinfo else value.replace(tzinfo=PACIFIC)


def _sort_key(read: Callable[[Row], Value | None]) -> Callable[[Row], Any]:
    return read


def _test(prop: Property[Row], condition: Condition) -> Callable[[Row], bool]:
    read = prop.read
    if condition.operator == "LIKE":
        return _like(prop, condition.values[0])
    wanted = [_literal(prop.kind, text) for text in condition.values]
    if condition.operator == "IN":
        return lambda row: read(row) in wanted
    compare, bound = COMPARE[condition.operator], wanted[0]

    def holds(row: Row) -> bool:
        value = read(row)
        return value is not None and compare(value, bound)

    return holds


def _like(prop: Property[Row], pattern: str) -> Callable[[Row], bool]:
    if prop.kind is not Kind.TEXT:
        raise BadQuery("LIKE is for text")
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split("%")), re.DOTALL)

    def holds(row: Row) -> bool:
        value = prop.read(row)
        return isinstance(value, str) and expression.fullmatch(value) is not None

    return holds


def _literal(kind: Kind, text: str) -> Value:
    try:
        return LITERALS[kind](text)
    except (ValueError, InvalidOperation, KeyError) as error:
        raise BadQuery(f"{text!r} is no {kind.value}") from error


LITERALS: Mapping[Kind, Callable[[str], Value]] = {
    Kind.TEXT: str,
    Kind.ID: int,
    Kind.NUMBER: Decimal,
    Kind.DATE: date.fromisoformat,
    Kind.TIME: instant,
    Kind.FLAG: lambda text: {"true": True, "false": False}[text.lower()],
}


def midnight(day: date) -> datetime:
    """Give the instant at which a Pacific day begins."""
    return datetime.combine(day, time(), PACIFIC)
