"""What every engine has to do; each test runs on all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conductor.contracts.model import Rule, Severity
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine, ReferenceFiles
from conductor.values import CurrencySum

from .duckdb_engine import DuckDbEngine
from .jobs import CATALOGUE, DAY, FLAWS, RATES, RECEIPTS, UPDATED, Row, correction, refine, sale, tax

ENGINES: dict[str, Engine] = {
    "polars": PolarsEngine(),
    "polars in memory": PolarsEngine(10**9),
    "duckdb": DuckDbEngine(),
}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


def test_a_good_line_arrives_typed_and_partitioned(engine: Engine, tmp_path: Path):
    row = sale(
        Line__SalesItemLineDetail__Qty="2.5",
        Line__SalesItemLineDetail__UnitPrice="4",
        CurrencyRef__value="EUR",
    )
    done = refine(engine, tmp_path, [row | {"CustomerRef.name": "Ολυμπία 東京 ☕"}])
    got = done.one()
    assert got["receipt_id"] == "100"
    assert got["line_type"] == "sales"
    assert got["business_date"] == DAY
    assert got["customer_name"] == "Ολυμπία 東京 ☕"
    assert got["quantity"] == Decimal("2.5")
    assert got["net_amount"] == Decimal("10.00")
    assert got["net_home"] == Decimal("10.83")  # 10.00 x 1.083450 = 10.834500
    assert got["updated_at"] == UPDATED
    assert got["voided"] is False
    [file] = done.outcome.files
    assert file.path == "year=2026/month=11/day=20/a1-0.parquet"
    assert file.partition == (("year", "2026"), ("month", "11"), ("day", "20"))
    assert file.rows == 1
    written = tmp_path / engine.name / "table" / file.path
    assert file.size == written.stat().st_size
    assert pq.read_schema(written).field("amount").type == pa.decimal128(18, 2)
    assert pq.ParquetFile(written).metadata.row_group(0).column(0).compression == "SNAPPY"


@pytest.mark.parametrize("blank", ["", " ", "\t", " \t\r\n "])
def test_a_text_of_blank_characters_is_none(engine: Engine, tmp_path: Path, blank: str):
    assert refine(engine, tmp_path, [sale() | {"CustomerRef.name": blank}]).one()["customer_name"] is None


# Among them what begins with a blank character, and what stands before, between and behind these in order.
@pytest.mark.parametrize(
    "text", [" A", "\tA", "\r\n!", "A ", "\x01", "\x0b", "\x1f", " \x0c", "!", "\x7f", "\u00a0", "\u3000"]
)
def test_a_text_that_holds_any_other_character_is_kept_as_it_is(engine: Engine, tmp_path: Path, text: str):
    assert refine(engine, tmp_path, [sale() | {"CustomerRef.name": text}]).one()["customer_name"] == text


def test_discount_tax_and_note_lines_count_as_what_they_are(engine: Engine, tmp_path: Path):
    discount = sale(
        "2", "3.00", Line__DetailType="DiscountLineDetail", Line__SalesItemLineDetail__ItemRef__value=None
    )
    note = sale("4", None, Line__DetailType="DescriptionOnly", Line__SalesItemLineDetail__ItemRef__value=None)
    done = refine(engine, tmp_path, [sale("1", "10"), discount, tax("3", "0.85", "8.5", "10.00"), note])
    assert done.reasons() == {}
    found = {
        row["line_id"]: (row["line_type"], row["amount"], row["net_amount"], row["tax_amount"])
        for row in done.curated.to_dicts()
    }
    assert found == {
        "1": ("sales", Decimal("10.00"), Decimal("10.00"), Decimal("0.00")),
        "2": ("discount", Decimal("3.00"), Decimal("-3.00"), Decimal("0.00")),
        "3": ("tax", Decimal("0.85"), Decimal("0.00"), Decimal("0.85")),
        "4": ("note", Decimal("0.00"), Decimal("0.00"), Decimal("0.00")),
    }
    assert done.outcome.sums == (
        CurrencySum(
            currency="USD",
            records=Decimal("13.85"),
            accepted=Decimal("13.85"),
            rejected=Decimal(0),
            duplicates=Decimal(0),
            superseded=Decimal(0),
        ),
    )


@pytest.mark.parametrize(("flaw", "reasons"), FLAWS)
def test_a_bad_line_is_set_aside_verbatim_with_all_its_reasons(
    engine: Engine, tmp_path: Path, flaw: Row, reasons: str
):
    row = sale() | flaw
    done = refine(engine, tmp_path, [row])
    [rejected] = done.rejected.to_dicts()
    origin = {
        "_object": "object-0",
        "_reasons": reasons,
        "_contract_version": "1.0.0",
        "_owner": "finance-data",
        "_batch": "b" * 32,
    }
    assert rejected == row | origin
    assert done.outcome.reasons == tuple((code, 1) for code in sorted(reasons.split(";")))
    assert done.outcome.files == ()


@pytest.mark.parametrize(
    "good",
    [
        {"DocNumber": "☕" * 21},
        {
            "Line.SalesItemLineDetail.Qty": "3",
            "Line.SalesItemLineDetail.UnitPrice": "3.33",
        },  # 9.99, a cent off 10.00
        {
            "Line.SalesItemLineDetail.Qty": "-2",
            "Line.SalesItemLineDetail.UnitPrice": "5",
            "Line.Amount": "-10",
        },
        {"Line.SalesItemLineDetail.Qty": "0.333333", "Line.SalesItemLineDetail.UnitPrice": "30.00003"},
        {"Line.SalesItemLineDetail.Qty": "7"},
        {"MetaData.LastUpdatedTime": None},
        {"MetaData.LastUpdatedTime": "2026-11-20T13:45:06.123456+05:30"},
        {"Line.Amount": "-0.01"},
        {"Line.Amount": "007"},
    ],
)
def test_a_line_within_the_rules_is_accepted(engine: Engine, tmp_path: Path, good: Row):
    done = refine(engine, tmp_path, [sale() | good])
    assert done.reasons() == {}
    assert done.outcome.counts.accepted == 1


@pytest.mark.parametrize(("amount", "reasons"), [("0.86", {}), ("0.87", {"1": "TAX_MISMATCH"})])
def test_a_tax_is_held_against_its_rate_and_base_to_the_cent(
    engine: Engine, tmp_path: Path, amount: str, reasons: dict[str, str]
):
    # 9.99 x 8.5 % = 0.84915, which is 0.85 in cents.
    assert refine(engine, tmp_path, [tax("1", amount, "8.5", "9.99")]).reasons() == reasons


def test_home_money_rounds_halves_away_from_zero_and_keeps_cents_beyond_floating_point(
    engine: Engine, tmp_path: Path
):
    rates = [
        {
            "currency": "EUR",
            "home_currency": "USD",
            "business_date": DAY,
            "rate": Decimal("1.5"),
            "updated_at": UPDATED,
        }
    ]
    folder = tmp_path / "rates"
    folder.mkdir()
    schema = {
        "currency": pl.String,
        "home_currency": pl.String,
        "business_date": pl.Date,
        "rate": pl.Decimal(12, 6),
    }
    pl.DataFrame(rates, schema=schema | {"updated_at": pl.Datetime("us", "UTC")}).write_parquet(
        folder / "r.parquet"
    )
    items = refine(
        engine,
        tmp_path / "items",
        [{"_line": "1", "Id": "1", "Name": "x", "Type": "Service", "Active": "true"}],
        product=CATALOGUE,
    )
    references = {
        "sales/product_catalogue": ReferenceFiles(
            CATALOGUE.contract,
            tuple(
                str(tmp_path / "items" / engine.name / "table" / file.path) for file in items.outcome.files
            ),
        ),
        "finance/fx_rates": ReferenceFiles(RATES.contract, (str(folder / "r.parquet"),)),
    }
    amounts = ["0.01", "-0.01", "0.03", "90071992547409.93", "9999999999999999.99", "-1000000000000000.01"]
    rows = [sale(str(n), amount, CurrencyRef__value="EUR") for n, amount in enumerate(amounts)]
    done = refine(engine, tmp_path, rows, references=references)
    home = {row["line_id"]: row["net_home"] for row in done.curated.to_dicts()}
    assert [home[str(n)] for n in range(len(amounts))] == [
        Decimal("0.02"),  # 0.015
        Decimal("-0.02"),  # -0.015
        Decimal("0.05"),  # 0.045
        Decimal("135107988821114.90"),  # ….895
        Decimal("14999999999999999.99"),  # ….985
        Decimal("-1500000000000000.02"),  # ….015
    ]


def test_the_newest_version_of_a_line_stays_and_the_others_are_counted(engine: Engine, tmp_path: Path):
    older = [sale("1", "1.00"), sale("2", "2.00", SyncToken="9"), sale("3", "3.00")]
    later = [sale("1", "10.00", SyncToken="1"), sale("2", "20.00", SyncToken="10"), sale("3", "30.00")]
    done = refine(engine, tmp_path, [*older, sale("3", "3.00")], later)
    assert dict(zip(done.curated["line_id"], done.curated["amount"], strict=True)) == {
        "1": Decimal("10.00"),
        "2": Decimal("20.00"),
        "3": Decimal("30.00"),
    }
    assert done.outcome.counts.model_dump() == {
        "records": 7,
        "accepted": 3,
        "rejected": 0,
        "duplicates": 4,
        "superseded": 0,
    }
    [total] = done.outcome.sums
    assert (total.records, total.accepted, total.duplicates) == (
        Decimal("69.00"),
        Decimal("60.00"),
        Decimal("9.00"),
    )


def test_a_later_object_wins_over_a_later_line_among_equal_versions(engine: Engine, tmp_path: Path):
    done = refine(
        engine, tmp_path, [sale("1", "1.00"), sale("1", "2.00") | {"_line": "10"}], [sale("1", "3.00")]
    )
    assert done.one()["amount"] == Decimal("3.00")
    done = refine(
        engine, tmp_path / "one", [sale("1", "1.00") | {"_line": "9"}, sale("1", "2.00") | {"_line": "10"}]
    )
    assert done.one()["amount"] == Decimal("2.00")


def test_a_bad_newer_version_does_not_take_the_place_of_a_good_older_one(engine: Engine, tmp_path: Path):
    done = refine(engine, tmp_path, [sale("1", "1.00"), sale("1", "1.005", SyncToken="1") | {"_line": "2"}])
    assert done.one()["amount"] == Decimal("1.00")
    assert done.outcome.counts.model_dump() == {
        "records": 2,
        "accepted": 1,
        "rejected": 1,
        "duplicates": 0,
        "superseded": 0,
    }
    assert done.outcome.sums[0].unparseable == 1


def test_a_correction_takes_the_place_of_the_row_that_it_names(engine: Engine, tmp_path: Path):
    bad, good = sale("1", "12.345"), sale("2", "5.00")
    done = refine(engine, tmp_path, [bad, good], [correction(bad, Line__Amount="12.34")])
    assert done.outcome.counts.model_dump() == {
        "records": 3,
        "accepted": 2,
        "rejected": 0,
        "duplicates": 0,
        "superseded": 1,
    }
    assert done.one("1")["amount"] == Decimal("12.34")
    [total] = done.outcome.sums
    assert (total.records, total.accepted, total.superseded, total.unparseable) == (
        Decimal("17.34"),
        Decimal("17.34"),
        Decimal(0),
        1,
    )


def test_a_correction_of_a_row_that_is_not_there_counts_as_superseded(engine: Engine, tmp_path: Path):
    done = refine(
        engine, tmp_path, [sale("1", "1.00")], [correction(sale("2", "8.888"), Line__Amount="8.88")]
    )
    assert done.outcome.counts.model_dump() == {
        "records": 2,
        "accepted": 1,
        "rejected": 0,
        "duplicates": 0,
        "superseded": 1,
    }
    assert done.outcome.sums[0].superseded == Decimal("8.88")


def test_a_correction_of_a_correction_is_the_one_in_force_even_when_it_puts_the_first_row_back(
    engine: Engine, tmp_path: Path
):
    first = sale("1", "1.00")
    second = correction(first, Line__Amount="2.00")
    back = correction(
        {name: value for name, value in second.items() if name != "_corrects"}, Line__Amount="1.00"
    )
    done = refine(engine, tmp_path, [first], [second], [back])
    assert done.one()["amount"] == Decimal("1.00")
    assert done.outcome.counts.model_dump() == {
        "records": 3,
        "accepted": 1,
        "rejected": 0,
        "duplicates": 0,
        "superseded": 2,
    }


def test_one_bad_row_can_be_corrected_to_two(engine: Engine, tmp_path: Path):
    bad = sale("1", "3.333")
    halves = [correction(bad, Line__Amount="3.00"), correction(bad, Line__Id="1b", Line__Amount="0.33")]
    done = refine(engine, tmp_path, [bad], halves)
    assert done.outcome.counts.model_dump() == {
        "records": 3,
        "accepted": 2,
        "rejected": 0,
        "duplicates": 0,
        "superseded": 1,
    }


def test_an_empty_day_gives_no_files_and_balances(engine: Engine, tmp_path: Path):
    done = refine(engine, tmp_path, [])
    assert done.outcome.files == ()
    assert done.outcome.rejected is None
    assert done.outcome.sums == ()
    assert set(done.outcome.counts.model_dump().values()) == {0}


def test_without_rates_and_catalogue_only_what_needs_none_is_accepted(engine: Engine, tmp_path: Path):
    references = {
        product.contract.dataset: ReferenceFiles(product.contract, ()) for product in (CATALOGUE, RATES)
    }
    rows = [
        tax("1", "0.85", "8.5", "10"),
        tax("2", "0.85", "8.5", "10") | {"CurrencyRef.value": "EUR"},
        sale("3"),
    ]
    done = refine(engine, tmp_path, rows, references=references)
    assert done.reasons() == {"2": "NO_RATE", "3": "UNKNOWN_ITEM"}
    assert done.one()["rate"] == Decimal(1)


def test_a_voided_receipt_keeps_its_lines_without_money(engine: Engine, tmp_path: Path):
    row = sale(
        "1",
        "0",
        PrivateNote="Voided\nby mistake",
        Line__SalesItemLineDetail__Qty="0",
        Line__SalesItemLineDetail__UnitPrice="5",
    )
    got = refine(engine, tmp_path, [row]).one()
    assert got["voided"] is True
    assert got["net_amount"] == Decimal(0)


def test_a_rate_without_a_time_of_change_and_an_item_without_a_price_are_accepted(
    engine: Engine, tmp_path: Path
):
    rate = {
        "_line": "1",
        "SourceCurrencyCode": "EUR",
        "TargetCurrencyCode": "USD",
        "Rate": "1.08345",
        "AsOfDate": "2026-11-20",
    }
    assert refine(engine, tmp_path, [rate], product=RATES).curated["rate"].to_list() == [Decimal("1.083450")]
    item = {"_line": "1", "Id": "7", "Name": "Tee ☕", "Type": "Category", "Active": "false"}
    got = refine(engine, tmp_path / "items", [item], product=CATALOGUE).curated.to_dicts()[0]
    assert (got["item_id"], got["active"], got["unit_price"], got["business_date"]) == (
        "7",
        False,
        None,
        date(2026, 11, 20),
    )


def test_warnings_are_counted_and_reject_nothing(engine: Engine, tmp_path: Path):
    contract = replace(RECEIPTS.contract, rules=(Rule("ROUND_AMOUNT", "amount <> 10", "", Severity.WARNING),))
    done = refine(
        engine,
        tmp_path,
        [sale("1"), sale("2", "9.99"), sale("3")],
        product=replace(RECEIPTS, contract=contract),
    )
    assert Counter(dict(done.outcome.warnings)) == Counter({"ROUND_AMOUNT": 2})
    assert done.outcome.counts.accepted == 3
