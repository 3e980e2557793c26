"""Whom a change hits: products that join, models of dbt that name the column, subscribers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conductor.contracts.compare import compare
from conductor.contracts.dbt_models import naming, read_models
from conductor.contracts.load import discover
from conductor.contracts.model import Contract
from conductor.contracts.readers import Reader, readers

ROOT = Path(__file__).parents[3]
PRODUCTS = discover([ROOT / "products"])
MODELS = read_models(ROOT / "dbt")


def project(folder: Path, **models: str) -> Path:
    (folder / "models").mkdir(parents=True)
    for name, text in models.items():
        (folder / "models" / f"{name}.sql").write_text(text)
    return folder


def without(contract: Contract, name: str) -> Contract:
    return replace(contract, columns=tuple(each for each in contract.columns if each.name != name))


def hit(dataset: str, column: str, *subscribers: str) -> dict[str, tuple[str, ...]]:
    contract = PRODUCTS[dataset].contract
    found = readers(
        compare(contract, without(contract, column)), list(PRODUCTS.values()), MODELS, subscribers
    )
    return {f"{each.kind} {each.name}": each.columns for each in found}


def test_a_column_is_followed_to_the_marts_that_are_made_of_it():
    found = hit("finance/sales_receipts", "net_home")
    # The test of the daily revenue reads the source itself; the customers are made of other columns.
    models = ("daily_revenue_equals_its_source", "fct_sales", "mart_daily_revenue", "stg_sales_receipts")
    assert found == {f"dbt {model}": ("net_home",) for model in models}


def test_a_column_that_only_a_condition_names_hits_that_model_and_no_later_one():
    found = hit("finance/sales_receipts", "voided")
    assert set(found) == {
        "dbt stg_sales_receipts",
        "dbt daily_revenue_equals_its_source",
        "dbt only_sales_are_facts",
    }


def test_a_column_that_nobody_names_hits_nobody():
    assert hit("finance/sales_receipts", "sync_token") == {}


def test_a_product_that_joins_by_the_column_is_hit():
    assert hit("sales/product_catalogue", "item_id") == {"product finance/sales_receipts": ("item_id",)}


def test_a_product_that_takes_the_column_in_its_sql_is_hit():
    assert hit("finance/fx_rates", "rate")["product finance/sales_receipts"] == ("rate",)
    assert "product finance/sales_receipts" not in hit("finance/fx_rates", "home_currency_name")


def test_a_change_of_the_whole_hits_all_that_read_it_and_every_subscriber():
    contract = PRODUCTS["finance/fx_rates"].contract
    found = compare(contract, replace(contract, key=("currency",)))
    assert list(readers(found, list(PRODUCTS.values()), MODELS, ["risk.example"])) == [
        Reader("product", "finance/sales_receipts", ()),
        Reader("subscriber", "risk.example", ()),
    ]


def test_what_breaks_nothing_hits_nobody():
    contract = PRODUCTS["finance/fx_rates"].contract
    found = compare(contract, replace(contract, description="Rates."))
    assert list(readers(found, list(PRODUCTS.values()), MODELS, ["risk.example"])) == []


def test_a_renamed_column_is_followed_under_its_new_name(tmp_path: Path):
    models = read_models(
        project(
            tmp_path,
            a="with raw as (select amount * 2 as twice, day from {{ source('shop', 'sales') }}) select twice as total from raw",
            b="{{ config(materialized='table') }} select total from {{ ref('a') }}",
            c="select day from {{ source('shop', 'sales') }}",
        )
    )
    assert naming(models, "shop/sales", ["amount"]) == {"a": {"amount"}, "b": {"amount"}}


def test_a_star_names_every_column(tmp_path: Path):
    models = read_models(
        project(
            tmp_path,
            a="select * from {{ source('shop', 'sales') }}",
            b="select amount from {{ ref('a') }}",
            c="select count(*) as rows from {{ source('shop', 'sales') }}",
        )
    )
    assert naming(models, "shop/sales", ["amount"]) == {"a": {"amount"}, "b": {"amount"}}


def test_both_branches_of_an_incremental_model_are_read(tmp_path: Path):
    text = (
        "select day from {{ source('shop', 'sales') }} where "
        "{% if is_incremental() %} amount > 0 {% else %} price > 0 {% endif %} and {{ of_these_days('day') }}"
    )
    models = read_models(project(tmp_path, a=text))
    assert naming(models, "shop/sales", ["amount", "price"]) == {"a": {"amount", "price"}}


def test_a_model_that_cannot_be_read_counts_as_naming_all(tmp_path: Path):
    models = read_models(
        project(tmp_path, a="select from where {{ source('shop', 'sales') }} ((", b="select 1 as one")
    )
    assert naming(models, "shop/sales", ["amount"]) == {"a": {"amount"}}
