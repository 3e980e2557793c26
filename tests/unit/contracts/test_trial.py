"""What only an engine can tell of a product's SQL, before any data comes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from conductor.contracts.examine import examine
from conductor.contracts.load import discover, survey
from conductor.contracts.model import Contract, Rule
from conductor.contracts.trial import ENGINES, try_refine, try_rules

ROOT = Path(__file__).parents[3] / "products"
PRODUCTS = discover([ROOT])
RATES = PRODUCTS["finance/fx_rates"]


def rates(sql: str) -> list[str]:
    return list(try_refine(replace(RATES, refine_sql=sql), [], ENGINES))


def with_rule(sql: str) -> Contract:
    return replace(RATES.contract, rules=(Rule("TRIED", sql, ""),))


@pytest.mark.parametrize("dataset", PRODUCTS)
def test_the_shipped_sql_runs_on_every_engine(dataset: str):
    product = PRODUCTS[dataset]
    assert list(try_rules(product.contract, ENGINES)) == []
    assert (
        list(try_refine(product, [PRODUCTS[each].contract for each in product.contract.references], ENGINES))
        == []
    )


def test_a_column_that_is_not_there_is_told_by_each_engine_with_its_place():
    polars, duckdb = rates("SELECT currency,\n  ratio AS rate FROM accepted")
    assert polars.startswith("Polars: ")
    assert "ratio" in polars
    assert duckdb.startswith("DuckDB: ")
    assert "ratio" in duckdb
    assert "(line 2)" in duckdb


def test_a_column_that_the_contract_promises_or_does_not_know_is_told():
    told = rates("SELECT currency, home_currency, business_date, rate, currency AS code FROM accepted")
    for engine in ("Polars", "DuckDB"):
        assert f"{engine}: it does not give the column updated_at" in told
        assert f"{engine}: it gives code, which the contract does not name" in told
    assert len(told) == 4


def test_a_scale_that_differs_from_the_contract_is_told():
    told = rates(
        "SELECT currency, home_currency, business_date, CAST(rate AS DECIMAL(12,4)) AS rate, updated_at FROM accepted"
    )
    assert len(told) == 2
    assert all("rate is Decimal(precision=12, scale=4)" in each for each in told)


@pytest.mark.parametrize("sql", ["rate > business_date", "currency > 5"])
def test_a_rule_that_compares_what_cannot_be_compared_is_told(sql: str):
    told = dict.fromkeys(code for code, _ in try_rules(with_rule(sql), ENGINES))
    assert list(told) == ["TRIED"]


def test_a_rule_that_is_no_condition_is_told():
    told = [said for code, said in try_rules(with_rule("rate"), ENGINES) if code == "TRIED"]
    assert told
    assert all("a condition gives true or false" in said for said in told)


def test_a_rule_is_told_at_its_line(tmp_path: Path):
    products = Path(shutil.copytree(ROOT, tmp_path / "products"))
    file = products / "finance/fx_rates/contract.odcs.yaml"
    text = file.read_text().replace(
        "implementation: business_date = slot_day", "implementation: currency > 5"
    )
    file.write_text(text)
    line = text[: text.index("implementation: currency > 5")].count("\n") + 1
    readings = survey([products])
    (reading,) = [each for each in readings if each.dataset == "finance/fx_rates"]
    found = [fault for fault in examine(reading, readings).faults if fault.sentence.startswith("OTHER_DAY: ")]
    assert {fault.line for fault in found} == {line}


def test_a_domain_that_is_the_warehouses_own_is_refused(tmp_path: Path):
    folder = Path(shutil.copytree(ROOT / "finance/fx_rates", tmp_path / "marts/fx_rates"))
    file = folder / "contract.odcs.yaml"
    file.write_text(file.read_text().replace("domain: finance", "domain: marts"))
    (folder / "released.odcs.yaml").unlink()
    (fault,) = examine(*(survey([tmp_path])[0], survey([tmp_path]))).faults
    assert "the warehouse's own schema" in fault.sentence
