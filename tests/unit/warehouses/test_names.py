"""Names from contracts never become SQL of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from receipts import CONTRACT

from conductor.contracts.ddl import Warehouse as Dialect
from conductor.contracts.model import Column, Kind
from conductor.errors import FixTheConfiguration
from conductor.warehouses import sql


@pytest.mark.parametrize(
    "name", ['a"; DROP TABLE x; --', "", "A", "_slot", "1st", "a b", "é", "a" * 64, "a\n"]
)
def test_a_name_with_anything_else_than_small_letters_digits_and_underscores_is_refused(name: str) -> None:
    with pytest.raises(FixTheConfiguration, match="cannot be a name"):
        sql.quoted(name)


@pytest.mark.parametrize("name", ["a", "order", "a1_b", "a" * 63])
def test_other_names_are_quoted(name: str) -> None:
    assert sql.quoted(name) == f'"{name}"'


@pytest.mark.parametrize("domain", ["conductor", "marts", "information_schema"])
def test_a_product_cannot_lie_in_a_schema_of_the_warehouse_itself(domain: str) -> None:
    with pytest.raises(FixTheConfiguration, match="own schema"):
        sql.table(replace(CONTRACT, dataset=f"{domain}/fence"))


def test_a_column_cannot_pass_for_the_one_that_says_whose_a_row_is() -> None:
    contract = replace(CONTRACT, columns=(*CONTRACT.columns, Column("_slot", Kind.TEXT, "A trap.")))
    with pytest.raises(FixTheConfiguration, match="'_slot' cannot be a name"):
        sql.definitions(contract, Dialect.DUCKDB)


def test_a_literal_keeps_its_quotes_inside() -> None:
    assert sql.literal("it's") == "'it''s'"
