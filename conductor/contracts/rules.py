"""One SELECT that types the records and says of each row what is wrong with it.

It reads `records` (the text columns, their names behind `RAW`) and the joined products under their table
names, keeps every column and row, and adds the typed fields and two lists of codes joined by `;`: `_reasons`,
empty for a good row, and `_warnings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conductor.contracts.casts import cast_sql, sql_type
from conductor.contracts.dialects import Dialect, identifier, literal
from conductor.contracts.model import FAULT, Column, Contract, ForeignKey, Kind, Severity, SourceField

RAW = "raw."
"""What stands before the name of a column of the records, so that no typed field can share its name."""
TEXT = "text."
"""What stands before a field's name for its text, blank made null."""
SLOT_DAY = "_day"
"""Path of a field that every row has: the business date of the slot, for records that carry none of their
own.
"""
REASONS = "_reasons"
WARNINGS = "_warnings"
NOT_BLANK = "[^ \t\r\n]"


def check_sql(contract: Contract, dialect: Dialect) -> str:
    """Give the SELECT. A value that is missing or bad has a reason of its own, so rules that it leaves
    unknown stay silent.
    """
    joins = " ".join(_join(n, foreign) for n, foreign in enumerate(contract.foreign_keys))
    found = "".join(f", match_{n}.found AS _found_{n}" for n in range(len(contract.foreign_keys)))
    return f"""
        WITH present AS (SELECT *, {", ".join(_present(field) for field in contract.fields)} FROM records),
        typed AS (SELECT *, {", ".join(_typed(field, dialect) for field in contract.fields)} FROM present),
        joined AS (SELECT typed.*{found} FROM typed {joins})
        SELECT *,
            {_reasons(contract, dialect)} AS {REASONS},
            {_codes(_rules(contract, Severity.WARNING))} AS {WARNINGS}
        FROM joined
    """


def _reasons(contract: Contract, dialect: Dialect) -> str:
    """Give the codes of a row; one that a reader could not take apart has that reason alone, for it has no values."""
    found = _codes(list(_errors(contract, dialect)))
    fault = identifier(RAW + FAULT)
    return f"CASE WHEN {fault} IS NOT NULL THEN {fault} ELSE {found} END" if contract.file_format else found


def _present(field: SourceField) -> str:
    text = identifier(RAW + field.path)
    return f"CASE WHEN REGEXP_LIKE({text}, {literal(NOT_BLANK)}) THEN {text} END AS {_text(field)}"


def _typed(field: SourceField, dialect: Dialect) -> str:
    return f"{cast_sql(field, _text(field), dialect)} AS {identifier(field.name)}"


def _text(field: Column) -> str:
    return identifier(TEXT + field.name)


def _join(number: int, foreign: ForeignKey) -> str:
    keys = ", ".join(f"{identifier(target)} AS key_{k}" for k, target in enumerate(foreign.targets))
    on = " AND ".join(
        f"typed.{identifier(name)} = match_{number}.key_{k}" for k, name in enumerate(foreign.columns)
    )
    table = identifier(foreign.dataset.split("/")[1])
    return f"LEFT JOIN (SELECT DISTINCT {keys}, TRUE AS found FROM {table}) AS match_{number} ON {on}"


def _errors(contract: Contract, dialect: Dialect) -> Iterator[str]:
    for field in contract.fields:
        yield from _field_errors(field, dialect)
    yield from _rules(contract, Severity.ERROR)
    for number, foreign in enumerate(contract.foreign_keys):
        there = [f"{identifier(name)} IS NOT NULL" for name in foreign.columns]
        unless = [f"NOT COALESCE(({foreign.unless}), FALSE)"] if foreign.unless else []
        yield _when(" AND ".join([*there, f"_found_{number} IS NULL", *unless]), foreign.code)


def _field_errors(field: SourceField, dialect: Dialect) -> Iterator[str]:
    name, value, text = field.name.upper(), identifier(field.name), _text(field)
    if field.required:
        yield _when(f"{text} IS NULL", f"MISSING_{name}")
    if field.kind is not Kind.TEXT:
        yield _when(f"{text} IS NOT NULL AND {value} IS NULL", f"BAD_{name}")
    elif field.pattern:
        yield _when(f"NOT REGEXP_LIKE({text}, {literal(field.pattern)})", f"BAD_{name}")
    if field.allowed:
        yield _when(f"{text} NOT IN ({', '.join(map(literal, field.allowed))})", f"NOT_ALLOWED_{name}")
    bounds = [(sign, bound) for sign, bound in (("<", field.minimum), (">", field.maximum)) if bound]
    if bounds:
        outside = " OR ".join(f"{value} {sign} {_bound(field, bound, dialect)}" for sign, bound in bounds)
        yield _when(outside, f"OUT_OF_RANGE_{name}")
    if field.max_length:
        yield _when(f"LENGTH({text}) > {field.max_length}", f"TOO_LONG_{name}")
    if field.min_length:
        yield _when(f"LENGTH({text}) < {field.min_length}", f"TOO_SHORT_{name}")


def _bound(field: Column, bound: str, dialect: Dialect) -> str:
    if field.kind is Kind.DATE:
        return dialect.date.format(text=literal(bound))
    return f"CAST({literal(bound)} AS {sql_type(field)})"


def _rules(contract: Contract, severity: Severity) -> list[str]:
    return [_when(f"NOT ({rule.sql})", rule.code) for rule in contract.rules if rule.severity is severity]


def _when(condition: str, code: str) -> str:
    return f"CASE WHEN {condition} THEN {literal(code)} END"


def _codes(cases: Sequence[str]) -> str:
    return f"CONCAT_WS(';', {', '.join(cases)})" if cases else "''"
