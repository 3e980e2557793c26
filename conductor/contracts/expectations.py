"""A contract as a suite of Great Expectations, as plain data: whoever runs it needs the library, whoever
reads it does not.

The suite is over the curated columns of accepted rows. Decimals stand in it as whole minor units, the value
times ten to the power of the scale (12.34 at scale 2 is 1234), so that no check rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from conductor.contracts.model import Column, Contract, Kind, Severity

Argument: TypeAlias = "int | str | bool | tuple[str, ...] | None"


@dataclass(frozen=True)
class Expectation:
    """One expectation: its type as Great Expectations names it, its arguments, and the column that it is
    about, if one.
    """

    type: str
    kwargs: tuple[tuple[str, Argument], ...]
    severity: Severity = Severity.ERROR
    column: str | None = None


def expectations(contract: Contract, usual_rows: int | None = None) -> tuple[Expectation, ...]:
    """Give the suite, the table's expectations first, then column by column in the contract's order.

    `usual_rows` is what earlier days let expect of this one; without it the contract's own word counts.
    """
    names = tuple(column.name for column in contract.columns)
    table = [
        Expectation("expect_table_columns_to_match_set", (("column_set", names), ("exact_match", True))),
        _key(contract),
        *_row_counts(contract, usual_rows or contract.usual_rows),
    ]
    return (*table, *(found for column in contract.columns for found in _of_column(column)))


def minor_units(value: str, column: Column) -> int:
    """Give a value of a number column as the suite counts it."""
    return int(Decimal(value).scaleb(column.scale or 0))


def _key(contract: Contract) -> Expectation:
    if len(contract.key) == 1:
        return _about(contract.key[0], "expect_column_values_to_be_unique")
    return Expectation("expect_compound_columns_to_be_unique", (("column_list", contract.key),))


def _row_counts(contract: Contract, usual_rows: int | None) -> Iterator[Expectation]:
    """Refuse an empty day where none is allowed, and what the contract's own counts forbid; warn below half and above
    twice the usual rows.
    """
    kind = "expect_table_row_count_to_be_between"
    yield Expectation(kind, (("min_value", 0 if contract.empty_day_allowed else 1),))
    for count in contract.row_counts:
        yield Expectation(kind, (("min_value", count.least), ("max_value", count.most)), count.severity)
    if usual_rows is not None:
        usual = (("min_value", usual_rows // 2), ("max_value", usual_rows * 2))
        yield Expectation(kind, usual, Severity.WARNING)


def _of_column(column: Column) -> Iterator[Expectation]:
    name = column.name
    if column.required:
        yield _about(name, "expect_column_values_to_not_be_null")
    if column.kind in (Kind.DECIMAL, Kind.INTEGER) and (column.minimum or column.maximum):
        least = minor_units(column.minimum, column) if column.minimum else None
        most = minor_units(column.maximum, column) if column.maximum else None
        yield _about(name, "expect_column_values_to_be_between", ("min_value", least), ("max_value", most))
    if column.allowed:
        yield _about(name, "expect_column_values_to_be_in_set", ("value_set", column.allowed))
    if column.pattern:
        yield _about(name, "expect_column_values_to_match_regex", ("regex", column.pattern))
    if column.max_length or column.min_length:
        least, most = ("min_value", column.min_length), ("max_value", column.max_length)
        yield _about(
            name, "expect_column_value_lengths_to_be_between", *(end for end in (least, most) if end[1])
        )
    if column.unique:
        yield _about(name, "expect_column_values_to_be_unique")


def _about(column: str, kind: str, *more: tuple[str, Argument]) -> Expectation:
    return Expectation(kind, (("column", column), *more), column=column)
