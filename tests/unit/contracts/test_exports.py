"""What is made of a contract for warehouses, dbt and Great Expectations."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest
import sqlglot

from conductor.contracts.dbt import sources
from conductor.contracts.ddl import Warehouse, column_type, create_table
from conductor.contracts.expectations import Expectation, expectations, minor_units
from conductor.contracts.load import discover
from conductor.contracts.model import Column, Kind, Severity
from conductor.contracts.typed import arrow_schema, polars_schema, schema_hash

PRODUCTS = discover([Path(__file__).parents[3] / "products"])
RATES = PRODUCTS["finance/fx_rates"].contract
RECEIPTS = PRODUCTS["finance/sales_receipts"].contract
RATE = ("EUR", "USD", date(2026, 11, 20), Decimal("1.083450"), None)


def warehouse(path: Path | str = ":memory:") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(path)
    con.execute("CREATE SCHEMA finance; CREATE SCHEMA sales")
    for product in PRODUCTS.values():
        con.execute(create_table(product.contract, Warehouse.DUCKDB))
    return con


def test_a_table_holds_its_types_exactly():
    con = warehouse()
    types = dict(
        con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'sales_receipts'"
        ).fetchall()
    )
    assert list(types) == [column.name for column in RECEIPTS.columns]
    assert (types["amount"], types["net_home"], types["rate"]) == (
        "DECIMAL(18,2)",
        "DECIMAL(20,2)",
        "DECIMAL(12,6)",
    )
    assert (types["updated_at"], types["business_date"]) == ("TIMESTAMP WITH TIME ZONE", "DATE")
    assert (types["sync_token"], types["voided"], types["doc_number"]) == ("BIGINT", "BOOLEAN", "VARCHAR")


def test_a_table_refuses_a_second_row_of_a_key_and_a_missing_value():
    con = warehouse()
    con.execute("INSERT INTO finance.fx_rates VALUES (?, ?, ?, ?, ?)", RATE)
    for row in (RATE, ("GBP", None, *RATE[2:])):
        with pytest.raises(duckdb.ConstraintException):
            con.execute("INSERT INTO finance.fx_rates VALUES (?, ?, ?, ?, ?)", row)


def test_making_a_table_again_changes_nothing():
    con = warehouse()
    con.execute("INSERT INTO finance.fx_rates VALUES (?, ?, ?, ?, ?)", RATE)
    con.execute(create_table(RATES, Warehouse.DUCKDB))
    assert con.execute("SELECT count(*) FROM finance.fx_rates").fetchone() == (1,)


def test_postgres_gets_its_own_types_and_sql_that_parses():
    assert column_type(Column("x", Kind.TIMESTAMP, ""), Warehouse.POSTGRES) == "TIMESTAMPTZ"
    assert (
        column_type(Column("x", Kind.DECIMAL, "", precision=18, scale=2), Warehouse.POSTGRES)
        == "DECIMAL(18, 2)"
    )
    assert sqlglot.parse_one(create_table(RECEIPTS, Warehouse.POSTGRES), read="postgres").find(
        sqlglot.exp.PrimaryKey
    )


def test_frames_and_arrow_tables_have_the_types_of_the_contract():
    frame, table = polars_schema(RATES.columns), arrow_schema(RATES.columns)
    assert list(frame) == table.names == ["currency", "home_currency", "business_date", "rate", "updated_at"]
    assert frame["rate"] == pl.Decimal(12, 6)
    assert frame["updated_at"] == pl.Datetime("us", "UTC")
    assert table.field("rate").type == pa.decimal128(12, 6)
    assert table.field("updated_at").nullable
    assert not table.field("rate").nullable


def test_the_schema_hash_follows_names_types_and_places_and_nothing_else():
    first, second, *rest = RATES.columns
    same = [replace(column, description="other", maximum=None) for column in RATES.columns]
    assert schema_hash(same) == schema_hash(RATES.columns)
    for changed in (
        [second, first, *rest],
        [replace(first, name="x"), second, *rest],
        [first, second, *rest[:-1]],
    ):
        assert schema_hash(changed) != schema_hash(RATES.columns)


def test_the_suite_holds_what_the_contract_says_of_curated_columns():
    suite = expectations(RATES)
    names = ("currency", "home_currency", "business_date", "rate", "updated_at")
    assert suite[:3] == (
        Expectation("expect_table_columns_to_match_set", (("column_set", names), ("exact_match", True))),
        Expectation("expect_compound_columns_to_be_unique", (("column_list", names[:3]),)),
        Expectation("expect_table_row_count_to_be_between", (("min_value", 1),)),
    )
    of_rate = [found for found in suite if found.column == "rate"]
    assert [(found.type, found.kwargs[1:]) for found in of_rate] == [
        ("expect_column_values_to_not_be_null", ()),
        ("expect_column_values_to_be_between", (("min_value", 1), ("max_value", 99_000_000))),
    ]
    in_set = next(
        found for found in expectations(RECEIPTS) if found.column == "line_type" and "in_set" in found.type
    )
    assert dict(in_set.kwargs)["value_set"] == ("sales", "discount", "tax", "note")


def test_a_day_that_may_be_empty_may_have_no_rows_and_an_odd_number_of_rows_is_a_warning():
    suite = expectations(replace(RATES, empty_day_allowed=True, usual_rows=10))
    counts = [(dict(found.kwargs), found.severity) for found in suite if "row_count" in found.type]
    assert counts == [
        ({"min_value": 0}, Severity.ERROR),
        ({"min_value": 5, "max_value": 20}, Severity.WARNING),
    ]


def test_money_stands_in_the_suite_as_whole_cents_beyond_floating_point():
    column = Column("x", Kind.DECIMAL, "", precision=18, scale=2)
    assert minor_units("90071992547409.93", column) == 9_007_199_254_740_993


@pytest.mark.skipif(find_spec("dbt") is None, reason="the extra dbt is not installed")
def test_dbt_finds_a_repeated_key_and_a_value_that_is_not_allowed(tmp_path: Path):
    con = warehouse(tmp_path / "w.duckdb")
    con.execute("CREATE OR REPLACE TABLE finance.fx_rates AS FROM finance.fx_rates LIMIT 0")
    con.executemany(
        "INSERT INTO finance.fx_rates VALUES (?, ?, ?, ?, ?)", [RATE, RATE, ("GBP", "EUR", *RATE[2:])]
    )
    con.close()
    (tmp_path / "dbt_project.yml").write_text(
        "name: checked\nprofile: p\nflags: {send_anonymous_usage_stats: false}\n"
    )
    (tmp_path / "profiles.yml").write_text(
        f"p: {{target: t, outputs: {{t: {{type: duckdb, path: {tmp_path}/w.duckdb}}}}}}\n"
    )
    (tmp_path / "models").mkdir()
    text = sources([product.contract for product in PRODUCTS.values()], Warehouse.DUCKDB)
    (tmp_path / "models/_sources.yml").write_text(text)
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "test", "--project-dir", "."]
    done = subprocess.run(
        [*command, "--profiles-dir", ".", "--no-use-colors"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = {
        line.split("FAIL ")[1].split(" ", 1)[1].split(" ")[0]
        for line in done.stdout.splitlines()
        if "FAIL " in line and "[" in line
    }
    assert failed == {
        "fx_rates_key_is_unique",
        "source_accepted_values_finance_fx_rates_home_currency__USD",
    }, done.stdout
    assert "Deprecat" not in done.stdout
