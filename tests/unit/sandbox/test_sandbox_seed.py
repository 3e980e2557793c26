from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.receipts import PACIFIC, Flaw
from sandbox.quickbooks.seed import receipts_of
from sandbox.quickbooks.truth import Truth

SEED = 20261120
DAY = date(2026, 11, 20)
CENT = Decimal("0.01")


def test_the_same_seed_and_day_give_the_same_receipts() -> None:
    assert receipts_of(SEED, DAY, 300) == receipts_of(SEED, DAY, 300)
    assert receipts_of(SEED, DAY, 300) != receipts_of(SEED + 1, DAY, 300)


@pytest.mark.parametrize("count", [100, 101, 700])
@pytest.mark.parametrize("seed", [1, 2, SEED])
def test_two_lines_of_each_flaw_stand_alone_on_their_receipts(seed: int, count: int) -> None:
    flawed = [receipt for receipt in receipts_of(seed, DAY, count) if receipt.flawed]
    assert len(flawed) == 12
    assert Counter(receipt.lines[0].flaw for receipt in flawed) == dict.fromkeys(Flaw, 2)
    for receipt in flawed:
        assert len(receipt.lines) == 1
        assert receipt.tax == receipt.discount == 0


def test_each_flaw_is_what_its_name_says_and_breaks_nothing_else() -> None:
    known = {item.id for item in catalogue.items(SEED)}
    for receipt in receipts_of(SEED, DAY, 2000):
        for line in receipt.lines:
            both = line.quantity is not None and line.price is not None
            found = {
                Flaw.NO_ITEM: line.item is None,
                Flaw.UNKNOWN_ITEM: line.item is not None and line.item not in known,
                Flaw.THREE_DECIMALS: line.amount != line.amount.quantize(CENT),
                Flaw.WRONG_PRODUCT: both and line.amount != line.quantity * line.price,  # type: ignore[operator]
                Flaw.NEGATIVE_QUANTITY: line.quantity is not None and line.quantity < 0,
                Flaw.NO_RATE: catalogue.rate(SEED, receipt.currency, DAY) is None,
            }
            assert [flaw for flaw, broken in found.items() if broken] == ([line.flaw] if line.flaw else [])


def test_a_wrong_product_is_off_by_at_least_one() -> None:
    lines = [line for receipt in receipts_of(SEED, DAY, 200) for line in receipt.lines]
    wrong = [line for line in lines if line.flaw is Flaw.WRONG_PRODUCT]
    for line in wrong:
        assert line.quantity is not None
        assert line.price is not None
        assert abs(line.amount - line.quantity * line.price) >= 1
    assert len(wrong) == 2


def test_a_day_has_all_the_variety_that_a_reader_has_to_bear() -> None:
    receipts = receipts_of(SEED, DAY, 2000)
    good = [receipt for receipt in receipts if not receipt.flawed]
    lines = [line for receipt in good for line in receipt.lines]
    assert {receipt.currency for receipt in good} == {"USD", "EUR", "GBP"}
    assert {len(receipt.lines) for receipt in good} == {1, 2, 3, 4, 5}
    assert {bool(receipt.discount_percent) for receipt in good} == {True, False}
    assert {len(receipt.tax_lines) for receipt in good} == {0, 1, 2}
    assert {receipt.customer is None for receipt in good} == {True, False}
    assert {receipt.number is None for receipt in good} == {True, False}
    assert {line.quantity is None for line in lines} == {True, False}
    assert catalogue.SOLD_INACTIVE in {line.item for line in lines}
    assert [receipt.total for receipt in receipts if receipt.void] == [0]
    assert any(not name.isascii() for name in catalogue.CUSTOMER_NAMES)


def test_tax_is_rounded_half_up_to_the_cent_per_tax() -> None:
    taxed = [line for receipt in receipts_of(SEED, DAY, 2000) for line in receipt.tax_lines]
    ties = 0
    for line in taxed:
        exact = line.taxable * line.rate.percent / 100
        ties += exact % CENT == Decimal("0.005")
        assert line.amount == exact.quantize(CENT, ROUND_HALF_UP)
    assert ties > 0, "no receipt tells half up from half even"


def test_ids_are_numbers_unique_over_days_and_times_lie_on_the_day() -> None:
    seen: set[str] = set()
    for offset in range(3):
        day = DAY + timedelta(days=offset)
        for receipt in receipts_of(SEED, day, 150):
            assert receipt.id.isdecimal()
            assert receipt.id not in seen
            assert receipt.created.astimezone(PACIFIC).date() == day
            seen.add(receipt.id)
    assert len(seen) == 450


def test_a_huge_line_is_there_when_asked_for_and_only_then() -> None:
    huge = Decimal("90071992547409.93")
    assert huge * 100 > 2**53
    amounts = [line.amount for receipt in receipts_of(SEED, DAY, 200, huge=True) for line in receipt.lines]
    assert amounts.count(huge) == 1
    assert huge not in [line.amount for receipt in receipts_of(SEED, DAY, 200) for line in receipt.lines]


def test_rates_have_four_to_six_decimals_and_other_currencies_have_none() -> None:
    for offset in range(60):
        for currency in ("EUR", "GBP"):
            rate = catalogue.rate(SEED, currency, DAY + timedelta(days=offset))
            assert rate is not None
            assert -rate.normalize().as_tuple().exponent in {4, 5, 6}  # type: ignore[operator]
    assert catalogue.rate(SEED, "XXX", DAY) is None
    assert catalogue.rate(SEED, "USD", DAY) == 1


@pytest.mark.parametrize("huge", [False, True])
def test_the_truth_is_the_sum_over_what_the_server_gives(make: Any, call: Any, huge: bool) -> None:
    sandbox = make(receipts_per_day=1300, huge=huge)
    rows = call(sandbox).whole_day()
    known = {item.id for item in catalogue.items(SEED)}
    net: dict[str, Decimal] = defaultdict(Decimal)
    discount: dict[str, Decimal] = defaultdict(Decimal)
    tax: dict[str, Decimal] = defaultdict(Decimal)
    bad = lines = 0
    for row in rows:
        currency = row["CurrencyRef"]["value"]
        total = row.get("TxnTaxDetail", {}).get("TotalTax", 0)
        tax[currency] += total
        for line in row["Line"]:
            if line["DetailType"] == "DiscountLineDetail":
                discount[currency] += line["Amount"]
                total -= line["Amount"]
            if line["DetailType"] == "SalesItemLineDetail":
                lines += 1
                total += line["Amount"]
                good = _is_good(line, currency, known)
                bad += not good
                net[currency] += line["Amount"] if good else 0
        assert total == row["TotalAmt"]
    truth = sandbox.truth(DAY)
    assert (truth.receipts, truth.lines, truth.flawed_lines) == (len(rows), lines, bad) == (1300, lines, 12)
    assert {each.currency: each.net for each in truth.currencies} == net
    assert {each.currency: each.discount for each in truth.currencies} == {
        name: discount[name] for name in net
    }
    assert {each.currency: each.tax for each in truth.currencies} == tax


def _is_good(line: Any, currency: str, known: set[str]) -> bool:
    detail, amount = line["SalesItemLineDetail"], Decimal(line["Amount"])
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    return (
        currency in {"USD", "EUR", "GBP"}
        and detail.get("ItemRef", {}).get("value") in known
        and amount == amount.quantize(CENT)
        and (quantity is None or quantity >= 0)
        and (quantity is None or price is None or quantity * price == amount)
    )


def test_the_truth_of_an_empty_day_is_nothing() -> None:
    truth = Truth.of(DAY, receipts_of(SEED, DAY, 0))
    assert (truth.receipts, truth.lines, truth.flaws, truth.currencies) == (0, 0, (), ())
