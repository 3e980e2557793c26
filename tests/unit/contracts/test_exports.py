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
from ruamel.yaml import YAML

from conductor.contracts.dbt import names_of_tests, sources
from conductor.contracts.ddl import Warehouse, column_type, create_table
from conductor.contracts.expectations import Expectation, expectations, minor_units
from conductor.contracts.load import discover
from conductor.contracts.model import Column, Kind, RowCount, Severity
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


def test_what_earlier_days_let_expect_counts_more_than_the_contracts_word():
    suite = expectations(replace(RATES, usual_rows=10), usual_rows=100)
    counts = [dict(found.kwargs) for found in suite if "row_count" in found.type]
    assert counts == [{"min_value": 1}, {"min_value": 50, "max_value": 200}]


def test_counts_lengths_and_uniqueness_of_the_contract_are_asked_at_the_gate():
    code = Column("code", Kind.TEXT, "", min_length=2, max_length=5, unique=True)
    contract = replace(
        RATES, columns=(*RATES.columns, code), row_counts=(RowCount(3, None, Severity.WARNING),)
    )
    suite = expectations(contract)
    of_code = [(found.type, found.kwargs[1:]) for found in suite if found.column == "code"]
    assert of_code == [
        ("expect_column_value_lengths_to_be_between", (("min_value", 2), ("max_value", 5))),
        ("expect_column_values_to_be_unique", ()),
    ]
    counts = [(dict(found.kwargs), found.severity) for found in suite if "row_count" in found.type]
    assert counts[1] == ({"min_value": 3, "max_value": None}, Severity.WARNING)
    assert "unique code" in names_of_tests(contract)


def test_dbt_asks_for_a_load_within_a_day_and_the_promised_latency():
    document = YAML(typ="safe").load(sources([RECEIPTS], Warehouse.DUCKDB))
    config = document["sources"][0]["tables"][0]["config"]
    assert config["freshness"] == {"error_after": {"count": 30, "period": "hour"}}
    con = duckdb.connect()
    con.execute(
        "CREATE SCHEMA conductor; CREATE TABLE conductor.load_ledger (slot VARCHAR, loaded_at TIMESTAMPTZ)"
    )
    con.execute(
        "INSERT INTO conductor.load_ledger VALUES ('finance/sales_receipts/2026-11-20', '2026-11-21 02:00:00+00'),"
        " ('finance/sales_receipts/2026-11-21', '2026-11-22 02:00:00+00'), ('finance/fx_rates/2026-11-22', '2026-11-23 02:00:00+00')"
    )
    assert con.execute(f"SELECT ({config['loaded_at_query']}) = '2026-11-22 02:00:00+00'").fetchone() == (
        True,
    )


TYPES = {
    Warehouse.DUCKDB: ("TEXT", "BIGINT", "DECIMAL(18, 2)", "DECIMAL(38, 10)", "TIMESTAMPTZ"),
    Warehouse.POSTGRES: ("TEXT", "BIGINT", "DECIMAL(18, 2)", "DECIMAL(38, 10)", "TIMESTAMPTZ"),
    # A VARCHAR without a length holds 256 bytes there.
    Warehouse.REDSHIFT: (
        "VARCHAR(MAX)",
        "BIGINT",
        "DECIMAL(18, 2)",
        "DECIMAL(38, 10)",
        "TIMESTAMP WITH TIME ZONE",
    ),
    # A NUMERIC holds 9 decimals there, and a TIMESTAMP is an instant.
    Warehouse.BIGQUERY: ("STRING", "INT64", "NUMERIC(18, 2)", "BIGNUMERIC(38, 10)", "TIMESTAMP"),
    Warehouse.SNOWFLAKE: ("VARCHAR", "BIGINT", "DECIMAL(18, 2)", "DECIMAL(38, 10)", "TIMESTAMPTZ"),
}


@pytest.mark.parametrize("warehouse", list(Warehouse))
def test_each_warehouse_gets_types_that_lose_nothing(warehouse: Warehouse):
    columns = (
        Column("x", Kind.TEXT, ""),
        Column("x", Kind.INTEGER, ""),
        Column("x", Kind.DECIMAL, "", precision=18, scale=2),
        Column("x", Kind.DECIMAL, "", precision=38, scale=10),
        Column("x", Kind.TIMESTAMP, ""),
    )
    assert tuple(column_type(column, warehouse) for column in columns) == TYPES[warehouse]


@pytest.mark.parametrize("warehouse", list(Warehouse))
def test_each_warehouse_gets_a_table_that_its_own_grammar_reads(warehouse: Warehouse):
    tree = sqlglot.parse_one(create_table(RECEIPTS, warehouse), read=warehouse.value)
    assert isinstance(tree, sqlglot.exp.Create)
    assert [column.name for column in tree.find_all(sqlglot.exp.ColumnDef)] == [
        each.name for each in RECEIPTS.columns
    ]
    required = [column for column in tree.find_all(sqlglot.exp.ColumnDef) if "NOT NULL" in column.sql()]
    assert [column.name for column in required] == [each.name for each in RECEIPTS.columns if each.required]
    key = tree.find(sqlglot.exp.PrimaryKey)
    assert key
    assert [part.name for part in key.find_all(sqlglot.exp.Identifier)] == ["receipt_id", "line_id"]


def test_bigquery_is_told_that_the_key_is_not_enforced():
    assert "NOT ENFORCED" in create_table(RATES, Warehouse.BIGQUERY)
    assert "`finance`.`fx_rates`" in create_table(RATES, Warehouse.BIGQUERY)


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
