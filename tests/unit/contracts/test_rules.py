from __future__ import annotations

import re
from pathlib import Path

import pytest

from conductor.contracts.codes import field_codes
from conductor.contracts.dialects import DUCKDB, POLARS, Dialect
from conductor.contracts.load import discover
from conductor.contracts.model import Product
from conductor.contracts.rules import check_sql

PRODUCTS = discover([Path(__file__).parents[3] / "products"])


@pytest.mark.parametrize("dialect", [POLARS, DUCKDB], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_the_sql_can_give_the_codes_of_the_contract_and_no_others(product: Product, dialect: Dialect):
    contract = product.contract
    known = {code for field in contract.fields for code in field_codes(field)}
    known |= {rule.code for rule in contract.rules} | {foreign.code for foreign in contract.foreign_keys}
    assert set(re.findall(r"THEN '([A-Z_]+)' END", check_sql(contract, dialect))) == known


def test_reasons_come_in_the_order_of_the_contract():
    sql = check_sql(PRODUCTS["finance/sales_receipts"].contract, POLARS)
    order = ["'MISSING_RECEIPT_ID'", "'BAD_AMOUNT'", "'LINE_TOTAL'", "'UNKNOWN_ITEM'", "'NO_RATE'"]
    assert [sql.index(code) for code in order] == sorted(sql.index(code) for code in order)
