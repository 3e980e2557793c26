"""SQL that types the records and says of each row what is wrong with it.

It reads `records` (the text columns, their names behind `RAW`) and the joined products under their table
names, keeps every column and row, and adds the typed fields and two lists of codes joined by `;`: `_reasons`,
empty for a good row, and `_warnings`.

It comes whole, or in two parts for an engine that looks for the reasons of bad rows alone, as these are few: the first types
and says in `_bad` whether there is a reason, the second says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conductor.contracts.casts import cast_sql, sql_type
from conductor.contracts.dialects import Dialect, identifier, literal
from conductor.contracts.model import FAULT, Column, Contract, ForeignKey, Kind, Severity, SourceField

RAW = "raw."
"""What stands before the name of a column of the records, so that no typed field can share its name."""
TEXT = "text."
"""What stands before the name of a field that is no text for its text, blank made null."""
SLOT_DAY = "_day"
"""Path of a field that every row has: the business date of the slot, for records that carry none of their
own.
"""
BAD = "_bad"
JUDGED = "judged"
"""What the second part reads: what the first one gave."""
REASONS = "_reasons"
WARNINGS = "_warnings"
NOT_BLANK = "[^ \t\r\n]"
FIRST_MARK = "!"
"""The first character behind the blank ones: a text that is not before it begins with none of them, and no pattern is asked."""


def check_sql(contract: Contract, dialect: Dialect) -> str:
    """Give the whole in one SELECT. A value that is missing or bad has a reason of its own, so rules that it leaves
    unknown stay silent.
    """
    return _select([*_typed_parts(contract, dialect), *_coded_parts(contract, dialect)])


def typed_sql(contract: Contract, dialect: Dialect) -> str:
    """Give the first part: the typed fields, and `_bad`."""
    return _select(_typed_parts(contract, dialect))


def coded_sql(contract: Contract, dialect: Dialect) -> str:
    """Give the second part, which reads `JUDGED`: the texts of the fields, reasons and warnings."""
    return _select(_coded_parts(contract, dialect))


def warnings_sql(contract: Contract) -> str:
    """Give the warnings alone, as a column of rows that are typed."""
    return f"{_codes(_rules(contract, Severity.WARNING))} AS {WARNINGS}"


Part = tuple[str, str]
"""A SELECT and the name that those behind it know it by."""


def _select(parts: Sequence[Part]) -> str:
    *named, (_, last) = parts
    return f"WITH {', '.join(f'{name} AS ({sql})' for name, sql in named)} {last}"


def _typed_parts(contract: Contract, dialect: Dialect) -> list[Part]:
    joins = " ".join(_join(n, foreign) for n, foreign in enumerate(contract.foreign_keys))
    found = "".join(f", match_{n}.found AS _found_{n}" for n in range(len(contract.foreign_keys)))
    typed = ", ".join(_typed(field, dialect) for field in contract.fields)
    return [
        ("typed", f"SELECT *, {typed} FROM records"),
        ("joined", f"SELECT typed.*{found} FROM typed {joins}"),
        (
            JUDGED,
            f"SELECT *, COALESCE({' OR '.join(_faults(contract, dialect))}, FALSE) AS {BAD} FROM joined",
        ),
    ]


def _coded_parts(contract: Contract, dialect: Dialect) -> list[Part]:
    texts = [
        f"{_present(field)} AS {_text(field)}" for field in contract.fields if field.kind is not Kind.TEXT
    ]
    codes = f"{_reasons(contract, dialect)} AS {REASONS}, {warnings_sql(contract)}"
    return [
        ("texts", f"SELECT {', '.join(['*', *texts])} FROM {JUDGED}"),
        ("coded", f"SELECT *, {codes} FROM texts"),
    ]


def _reasons(contract: Contract, dialect: Dialect) -> str:
    """Give the codes of a row; one that a reader could not take apart has that reason alone, for it has no values."""
    found = _codes([_when(condition, code) for condition, code in _errors(contract, dialect)])
    fault = identifier(RAW + FAULT)
    return f"CASE WHEN {fault} IS NOT NULL THEN {fault} ELSE {found} END" if contract.file_format else found


def _faults(contract: Contract, dialect: Dialect) -> Iterator[str]:
    """Give the conditions of which a bad row meets one. What is missing and what is bad need not be told apart."""
    if contract.file_format:
        yield f"{identifier(RAW + FAULT)} IS NOT NULL"
    for field in contract.fields:
        nothing = f"{identifier(field.name)} IS NULL"
        if field.required:
            yield nothing
        elif field.kind is not Kind.TEXT:
            yield f"({nothing} AND {_is_present(field)})"
    yield from (f"({condition})" for condition, _ in _value_errors(contract, dialect))


def _raw(field: SourceField) -> str:
    return identifier(RAW + field.path)


def _is_present(field: SourceField) -> str:
    text, mark = _raw(field), literal(FIRST_MARK)
    return (
        f"({text} >= {mark} OR REGEXP_LIKE(CASE WHEN {text} < {mark} THEN {text} END, {literal(NOT_BLANK)}))"
    )


def _present(field: SourceField) -> str:
    return f"CASE WHEN {_is_present(field)} THEN {_raw(field)} END"


def _typed(field: SourceField, dialect: Dialect) -> str:
    """Give a field's value. A text that is of its type's shape is not blank, so only plain texts are asked for that."""
    value = _present(field) if field.kind is Kind.TEXT else cast_sql(field, _raw(field), dialect)
    return f"{value} AS {identifier(field.name)}"


def _text(field: Column) -> str:
    return identifier(field.name if field.kind is Kind.TEXT else TEXT + field.name)


def _join(number: int, foreign: ForeignKey) -> str:
    keys = ", ".join(f"{identifier(target)} AS key_{k}" for k, target in enumerate(foreign.targets))
    on = " AND ".join(
        f"typed.{identifier(name)} = match_{number}.key_{k}" for k, name in enumerate(foreign.columns)
    )
    table = identifier(foreign.dataset.split("/")[1])
    return f"LEFT JOIN (SELECT DISTINCT {keys}, TRUE AS found FROM {table}) AS match_{number} ON {on}"


def _errors(contract: Contract, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Give the conditions of a bad row and their codes, in the order of the contract."""
    for field in contract.fields:
        if field.required:
            yield f"{_text(field)} IS NULL", f"MISSING_{field.name.upper()}"
        if field.kind is not Kind.TEXT:
            unread = f"{_text(field)} IS NOT NULL AND {identifier(field.name)} IS NULL"
            yield unread, f"BAD_{field.name.upper()}"
        yield from _field_errors(field, dialect)
    yield from _row_errors(contract)


def _value_errors(contract: Contract, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Give what may be wrong with values that are there and of their type."""
    for field in contract.fields:
        yield from _field_errors(field, dialect)
    yield from _row_errors(contract)


def _row_errors(contract: Contract) -> Iterator[tuple[str, str]]:
    for rule in contract.rules:
        if rule.severity is Severity.ERROR:
            yield f"NOT ({rule.sql})", rule.code
    for number, foreign in enumerate(contract.foreign_keys):
        there = [f"{identifier(name)} IS NOT NULL" for name in foreign.columns]
        unless = [f"NOT COALESCE(({foreign.unless}), FALSE)"] if foreign.unless else []
        yield " AND ".join([*there, f"_found_{number} IS NULL", *unless]), foreign.code


def _field_errors(field: SourceField, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Give what may be wrong with a value of the field's type."""
    name, value = field.name.upper(), identifier(field.name)
    if field.kind is Kind.TEXT and field.pattern:
        yield f"NOT REGEXP_LIKE({value}, {literal(field.pattern)})", f"BAD_{name}"
    if field.allowed:
        yield f"{value} NOT IN ({', '.join(map(literal, field.allowed))})", f"NOT_ALLOWED_{name}"
    bounds = [(sign, bound) for sign, bound in (("<", field.minimum), (">", field.maximum)) if bound]
    if bounds:
        outside = " OR ".join(f"{value} {sign} {_bound(field, bound, dialect)}" for sign, bound in bounds)
        yield outside, f"OUT_OF_RANGE_{name}"
    if field.max_length:
        yield f"LENGTH({value}) > {field.max_length}", f"TOO_LONG_{name}"
    if field.min_length:
        yield f"LENGTH({value}) < {field.min_length}", f"TOO_SHORT_{name}"


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
