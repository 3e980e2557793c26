"""Reading a day whole, while the vendor's lists move, repeat themselves and run short."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.values import Slot

from .conftest import Opener
from .vendor import Handler, Row, Seen, Vendor, receipt

DAY = date(2026, 11, 20)
SLOT = Slot(dataset="finance/sales_receipts", day=DAY)


def ids(extract_records: str) -> list[str]:
    return pl.read_parquet(extract_records)["_document"].to_list()


def before_page(number: int, change: Callable[[], None]) -> Callable[[Seen], None]:
    """Do something just before the page of that number (from 1) is served, once."""
    pages = 0

    def meddle(seen: Seen) -> None:
        nonlocal pages
        if seen.statement.startswith("SELECT *"):
            pages += 1
            if pages == number:
                change()

    return meddle


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 7, 23])
@pytest.mark.parametrize("page_size", [1, 2, 5, 1000])
def test_any_number_of_documents_arrives_whole_whatever_the_page_size(
    count: int, page_size: int, vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, count + 1)] + [receipt(99, day="2026-11-19")]
    extract = opened(page_size=page_size).extract("SalesReceipt", SLOT, tmp_path)
    assert extract.documents == extract.rows == count
    assert ids(extract.records.path) == [str(n) for n in range(1, count + 1)]


@pytest.mark.parametrize("largest", [1, 2, 3])
def test_pages_shorter_than_asked_for_lose_nothing(
    largest: int, vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 8)]
    vendor.largest_page = largest
    assert opened(page_size=5).extract("SalesReceipt", SLOT, tmp_path).documents == 7


def test_pages_are_kept_byte_for_byte_with_their_hashes(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    served: list[bytes] = []
    plain = Handler.send

    def send(handler: Handler, status: int, body: bytes, *rest: object) -> None:
        if b"startPosition" in body:
            served.append(body)
        plain(handler, status, body, *rest)  # type: ignore[arg-type]

    vendor.server.RequestHandlerClass.send = send  # type: ignore[attr-defined]
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 6)]
    extract = opened(page_size=3).extract("SalesReceipt", SLOT, tmp_path / "new" / "folder")
    assert [part.name for part in extract.parts] == ["page-0001.json", "page-0002.json"]
    assert [Path(part.path).read_bytes() for part in extract.parts] == served
    for part in (*extract.parts, extract.records):
        data = Path(part.path).read_bytes()
        assert (part.size, part.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_an_extract_says_what_was_asked_of_whom_and_when(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    extract = opened().extract("SalesReceipt", SLOT, tmp_path)
    assert extract.source == "quickbooks:9130350000000001"
    assert extract.request == "SELECT * FROM SalesReceipt WHERE TxnDate = '2026-11-20' ORDERBY Id"
    assert extract.as_of == vendor.now
    assert [part.name for part in extract.parts] == ["page-0001.json"]  # an empty day has its evidence, too


def test_the_same_content_is_the_same_object_whatever_envelope_and_pages(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 12)]
    first = opened(page_size=1000).extract("SalesReceipt", SLOT, tmp_path / "1")
    vendor.now = vendor.now.replace(hour=5)
    second = opened(page_size=4).extract("SalesReceipt", SLOT, tmp_path / "2")
    assert first.parts != second.parts
    assert first.object_id == second.object_id
    assert first.records.sha256 == second.records.sha256
    vendor.rows["SalesReceipt"][3]["PrivateNote"] = "edited"
    assert opened().extract("SalesReceipt", SLOT, tmp_path / "3").object_id != first.object_id


def insert(rows: list[Row]) -> None:
    rows.append(receipt(0))


def delete(rows: list[Row]) -> None:
    rows.remove(next(row for row in rows if row["Id"] == "2"))


def delete_and_insert_at_the_end(rows: list[Row]) -> None:
    """The count stays: only that another row stands where the last page ended gives it away."""
    delete(rows)
    rows.append(receipt(50))


@pytest.mark.parametrize("change", [insert, delete, delete_and_insert_at_the_end])
@pytest.mark.parametrize("page", [2, 3])
def test_a_list_that_moves_between_pages_is_read_again_whole(
    change: Callable[[list[Row]], None], page: int, vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 10)]
    vendor.meddle = before_page(page, lambda: change(vendor.rows["SalesReceipt"]))
    extract = opened(page_size=4).extract("SalesReceipt", SLOT, tmp_path)
    truth = sorted((row["Id"] for row in vendor.rows["SalesReceipt"]), key=int)
    assert ids(extract.records.path) == truth
    assert len(vendor.queries("SELECT count")) >= 3
    kept = [
        json.loads(Path(part.path).read_bytes())["QueryResponse"]["SalesReceipt"] for part in extract.parts
    ]
    assert {row["Id"] for page_rows in kept for row in page_rows} == set(
        truth
    )  # nothing of the first reading is left
    assert sorted(path.name for path in tmp_path.glob("page-*")) == [part.name for part in extract.parts]


def test_a_second_reading_with_fewer_pages_leaves_none_of_the_first(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    """Three pages were kept when the list shrank to what fits on one."""
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 13)]
    vendor.meddle = before_page(4, lambda: vendor.rows["SalesReceipt"].__delitem__(slice(0, 9)))
    extract = opened(page_size=4).extract("SalesReceipt", SLOT, tmp_path)
    assert ids(extract.records.path) == ["10", "11", "12"]
    assert [path.name for path in tmp_path.glob("page-*")] == ["page-0001.json"]


def test_a_row_gained_after_the_last_page_is_caught_by_the_second_count(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 4)]
    counts = 0

    def meddle(seen: Seen) -> None:
        nonlocal counts
        counts += seen.statement.startswith("SELECT count")
        if counts == 2 and len(vendor.rows["SalesReceipt"]) == 3:
            vendor.rows["SalesReceipt"].append(receipt(4))

    vendor.meddle = meddle
    assert opened().extract("SalesReceipt", SLOT, tmp_path).documents == 4


def test_a_page_served_twice_is_noticed_and_read_again(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 8)]

    def first_page_again(handler: Handler) -> None:
        page = vendor.rows["SalesReceipt"][:3]
        handler.send_json(200, {"QueryResponse": {"SalesReceipt": page}, "time": vendor.now.isoformat()})

    vendor.scripts.extend([None, None, first_page_again])
    assert opened(page_size=3).extract("SalesReceipt", SLOT, tmp_path).documents == 7
    assert len(vendor.queries("SELECT count")) == 3


def test_an_empty_page_in_the_middle_is_no_end(vendor: Vendor, opened: Opener, tmp_path: Path) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 8)]
    empty = lambda handler: handler.send_json(200, {"QueryResponse": {}, "time": vendor.now.isoformat()})  # noqa: E731
    vendor.scripts.extend([None, None, empty])
    assert opened(page_size=3).extract("SalesReceipt", SLOT, tmp_path).documents == 7


def test_of_a_row_met_twice_the_newer_edit_counts(vendor: Vendor, opened: Opener, tmp_path: Path) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in range(1, 6)]

    def edit() -> None:
        vendor.rows["SalesReceipt"][2] |= {"SyncToken": "1", "PrivateNote": "edited"}

    vendor.meddle = before_page(2, edit)  # row 3 ends page 1 and begins page 2
    extract = opened(page_size=3).extract("SalesReceipt", SLOT, tmp_path)
    notes = pl.read_parquet(extract.records.path).filter(pl.col("Id") == "3")["PrivateNote"].to_list()
    assert (extract.documents, notes) == (5, ["edited"])


def test_rows_out_of_order_are_not_trusted(vendor: Vendor, opened: Opener, tmp_path: Path) -> None:
    vendor.rows["SalesReceipt"] = [receipt(n) for n in (1, 2, 3)]

    def muddled(handler: Handler) -> None:
        rows = [receipt(n) for n in (2, 1, 3)]
        handler.send_json(200, {"QueryResponse": {"SalesReceipt": rows}, "time": vendor.now.isoformat()})

    vendor.scripts.extend([None, muddled])
    extract = opened().extract("SalesReceipt", SLOT, tmp_path)
    assert ids(extract.records.path) == ["1", "2", "3"]
    assert len(vendor.queries("SELECT *")) == 2


def test_ids_in_the_order_of_text_are_in_order(vendor: Vendor, opened: Opener, tmp_path: Path) -> None:
    """The vendor does not say whether ids sort as numbers; as text, 10 comes before 9."""
    vendor.rows["SalesReceipt"] = [receipt(9), receipt(10)]

    def as_text(handler: Handler) -> None:
        rows = [receipt(10), receipt(9)]
        handler.send_json(200, {"QueryResponse": {"SalesReceipt": rows}, "time": vendor.now.isoformat()})

    vendor.scripts.extend([None, as_text])
    extract = opened().extract("SalesReceipt", SLOT, tmp_path)
    assert ids(extract.records.path) == ["9", "10"]
    assert len(vendor.queries("SELECT *")) == 1


def test_a_list_that_never_holds_still_is_left_for_later(
    vendor: Vendor, opened: Opener, tmp_path: Path
) -> None:
    vendor.rows["SalesReceipt"] = [receipt(1)]
    vendor.meddle = lambda seen: vendor.rows["SalesReceipt"].append(receipt(len(vendor.seen) + 100))
    with pytest.raises(RetryLater, match="kept changing while it was read 3 times"):
        opened().extract("SalesReceipt", SLOT, tmp_path)
    assert len(vendor.queries("SELECT count")) == 6


def test_inactive_items_and_the_days_rates_are_read(vendor: Vendor, opened: Opener, tmp_path: Path) -> None:
    vendor.rows["Item"] = [{"Id": str(n), "Name": f"item {n}", "Active": n != 2} for n in (1, 2, 3)]
    vendor.rows["ExchangeRate"] = [
        {"SourceCurrencyCode": code, "AsOfDate": day, "Rate": 1}
        for code in ("GBP", "EUR")
        for day in ("2026-11-20", "2026-11-19")
    ]
    items = opened().extract("Item", Slot(dataset="finance/items", day=DAY), tmp_path / "items")
    rates = opened().extract("ExchangeRate", Slot(dataset="finance/rates", day=DAY), tmp_path / "rates")
    assert ids(items.records.path) == ["1", "2", "3"]
    assert "Active IN (true, false)" in items.request
    assert ids(rates.records.path) == ["EUR", "GBP"]


def test_an_unknown_entity_is_configuration_that_lists_the_known_ones(opened: Opener, tmp_path: Path) -> None:
    with pytest.raises(FixTheConfiguration, match="SalesReceipt, Item, ExchangeRate"):
        opened().extract("Salesreceipt", SLOT, tmp_path)
