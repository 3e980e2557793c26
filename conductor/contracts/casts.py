"""Text in, guard, then cast.

Engines disagree about which texts are numbers (`1e3`, ` 7`, `0x10`), how a third decimal is rounded, and
whether an offset is dropped. A cast sees only text whose shape leaves no room for that, so it never fails and
never differs.
"""

from __future__ import annotations

import re

from conductor.contracts.dialects import Dialect, literal
from conductor.contracts.model import Column, Kind

_LEAP = "([12][0-9](0[48]|[2468][048]|[13579][26])|(1[26]|2[048])00)"
_DAY = (
    "([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    f"|{_LEAP}-02-29)"
)
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
_OFFSET = "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"


PARTS = {"yyyy": "[0-9]{4}", "MM": "[0-9]{2}", "dd": "[0-9]{2}"}
"""The parts of a date's format."""
FORMAT = re.compile("(yyyy|MM|dd)([-./]?)(yyyy|MM|dd)([-./]?)(yyyy|MM|dd)")
ISO = "yyyy-MM-dd"


def guard(column: Column) -> str | None:
    """Give the pattern of texts that are values of the column's type; None for text, which needs none.

    A date of another format is brought to ISO 8601 first.

    Days are real days of the years 1000 to 2999; instants carry an offset or Z; numbers have no more decimals
    than the type.
    """
    match column.kind:
        case Kind.TEXT:
            return None
        case Kind.INTEGER:
            return "^-?[0-9]{1,18}$"
        case Kind.DECIMAL:
            scale = column.scale or 0
            decimals = f"([{column.decimal_mark}][0-9]{{1,{scale}}})?" if scale else ""
            return f"^-?[0-9]{{1,{(column.precision or 0) - scale}}}{decimals}$"
        case Kind.DATE:
            return f"^{_DAY}$"
        case Kind.TIMESTAMP:
            return f"^{_DAY}T{_TIME}{_OFFSET}$"
        case Kind.BOOLEAN:
            return "^(true|false)$"


def cast_sql(column: Column, text: str, dialect: Dialect) -> str:
    """Give the SQL that turns a text into the column's type: null where it is null or not of its shape."""
    pattern = guard(column)
    if pattern is None:
        return text
    text = _in_iso(text, column.format) if column.format else text
    proven = f"CASE WHEN REGEXP_LIKE({text}, {literal(pattern)}) THEN {text} END"
    match column.kind:
        case Kind.DATE:
            return dialect.date.format(text=proven)
        case Kind.TIMESTAMP:
            return dialect.timestamp.format(text=proven)
        case Kind.BOOLEAN:
            return f"CASE WHEN {text} = 'true' THEN TRUE WHEN {text} = 'false' THEN FALSE END"
        case _:
            number = (
                proven
                if column.decimal_mark == "."
                else f"REPLACE({proven}, {literal(column.decimal_mark)}, '.')"
            )
            return f"CAST({number} AS {sql_type(column)})"


def _in_iso(text: str, form: str) -> str:
    """Give the SQL that turns the text of a date into `yyyy-MM-dd`: null where it is not of its format."""
    shape = form.replace(".", "[.]")
    for part, digits in PARTS.items():
        shape = shape.replace(part, digits)
    year, month, day = (f"SUBSTR({text}, {form.index(part) + 1}, {len(part)})" for part in PARTS)
    iso = f"CONCAT({year}, '-', {month}, '-', {day})"
    return f"CASE WHEN REGEXP_LIKE({text}, {literal(f'^{shape}$')}) THEN {iso} END"


def sql_type(column: Column) -> str:
    """Give a column's type in SQL, as DuckDB writes it; instants are UTC."""
    match column.kind:
        case Kind.TEXT:
            return "VARCHAR"
        case Kind.INTEGER:
            return "BIGINT"
        case Kind.DECIMAL:
            return f"DECIMAL({column.precision},{column.scale})"
        case Kind.DATE:
            return "DATE"
        case Kind.TIMESTAMP:
            return "TIMESTAMP WITH TIME ZONE"
        case Kind.BOOLEAN:
            return "BOOLEAN"
