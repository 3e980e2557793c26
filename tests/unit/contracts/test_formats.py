"""Lengths and formats of the records, judged by the compiled SQL on both engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from conductor.contracts.dialects import DUCKDB, POLARS, Dialect
from conductor.contracts.load import load
from conductor.contracts.model import Contract, Kind, SourceField
from conductor.contracts.rules import RAW, REASONS, check_sql

RATES = load(Path(__file__).parents[3] / "products/finance/fx_rates").contract
DAY = SourceField("day", Kind.DATE, "", format="dd.MM.yyyy", path="Day")
CODE = SourceField("code", Kind.TEXT, "", min_length=2, max_length=3, path="Code")


def judged(dialect: Dialect, field: SourceField, texts: list[str | None]) -> list[Mapping[str, Any]]:
    contract: Contract = replace(RATES, fields=(field,), rules=(), foreign_keys=())
    records = pl.DataFrame({RAW + field.path: pl.Series(texts, dtype=pl.String)})
    if dialect is POLARS:
        return (
            pl.SQLContext({"records": records}).execute(check_sql(contract, dialect), eager=True).to_dicts()
        )
    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)")
        connection.register("records", records.to_arrow())
        return connection.execute(check_sql(contract, dialect)).pl().to_dicts()


@pytest.mark.parametrize("dialect", [POLARS, DUCKDB], ids=lambda dialect: dialect.name)
def test_a_date_is_read_in_its_own_format_and_in_no_other(dialect: Dialect):
    texts = ["29.02.2024", "29.02.2023", "2024-02-29", "31.12.2999", "1.2.2024", "02/03/2024", None]
    rows = judged(dialect, DAY, texts)
    assert [row["day"] for row in rows] == [
        date(2024, 2, 29),
        None,
        None,
        date(2999, 12, 31),
        None,
        None,
        None,
    ]
    assert [row[REASONS] for row in rows] == ["", "BAD_DAY", "BAD_DAY", "", "BAD_DAY", "BAD_DAY", ""]


@pytest.mark.parametrize("dialect", [POLARS, DUCKDB], ids=lambda dialect: dialect.name)
def test_day_and_month_are_told_apart_by_the_format_alone(dialect: Dialect):
    american = replace(DAY, format="MM/dd/yyyy")
    (row,) = judged(dialect, american, ["02/03/2024"])
    assert row["day"] == date(2024, 2, 3)
    (row,) = judged(dialect, replace(DAY, format="yyyyMMdd"), ["20240203"])
    assert row["day"] == date(2024, 2, 3)


@pytest.mark.parametrize("dialect", [POLARS, DUCKDB], ids=lambda dialect: dialect.name)
def test_a_length_is_counted_in_characters(dialect: Dialect):
    rows = judged(dialect, CODE, ["ä", "äö", "äöü", "äöüß"])
    assert [row[REASONS] for row in rows] == ["TOO_SHORT_CODE", "", "", "TOO_LONG_CODE"]
