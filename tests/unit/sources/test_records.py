"""Canonical records: one row per line, every leaf a text, equal content equal bytes."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from conductor import records
from conductor.errors import FixTheData
from conductor.records import Document, canonical_sha256, flatten, parse_json, write_records

RECEIPT = rb"""{
  "Id": "47", "SyncToken": "0", "sparse": false, "DocNumber": null, "TxnDate": "2025-03-04",
  "MetaData": {"LastUpdatedTime": "2025-03-04T01:02:03-08:00"},
  "CustomerRef": {"value": "6", "name": "Zo\u00eb"},
  "LinkedTxn": [{"TxnType": "Estimate", "TxnId": "9"}],
  "Line": [
    {"Id": "1", "Amount": 100.10, "DetailType": "SalesItemLineDetail",
     "SalesItemLineDetail": {"ItemRef": {"value": "10"}, "UnitPrice": 50.05, "Qty": 2}},
    {"Amount": 5, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": true}},
    {"Amount": 95.10, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
  ],
  "TxnTaxDetail": {"TotalTax": 8.5, "TaxLine": [
    {"Amount": 6.25, "DetailType": "TaxLineDetail",
     "TaxLineDetail": {"TaxPercent": 6.25, "NetAmountTaxable": 100}},
    {"Amount": 2.25, "DetailType": "TaxLineDetail",
     "TaxLineDetail": {"TaxPercent": 2.25, "NetAmountTaxable": 100}}]},
  "TotalAmt": 103.60
}"""


def document(data: bytes) -> Document:
    found = parse_json(data)
    assert isinstance(found, dict)
    return found


def test_a_receipt_becomes_a_row_for_each_line_and_tax_but_not_for_the_subtotal() -> None:
    rows = flatten(document(RECEIPT))
    assert [(row["_line"], row["Line.Id"], row["Line.DetailType"], row["Line.Amount"]) for row in rows] == [
        ("1", "1", "SalesItemLineDetail", "100.10"),
        ("2", "line-2", "DiscountLineDetail", "5"),
        ("3", "tax-1", "TaxLineDetail", "6.25"),
        ("4", "tax-2", "TaxLineDetail", "2.25"),
    ]
    assert rows[0] == {
        "_document": "47",
        "_line": "1",
        "Id": "47",
        "SyncToken": "0",
        "sparse": "false",
        "DocNumber": None,
        "TxnDate": "2025-03-04",
        "MetaData.LastUpdatedTime": "2025-03-04T01:02:03-08:00",
        "CustomerRef.value": "6",
        "CustomerRef.name": "Zoë",
        "LinkedTxn": '[{"TxnId":"9","TxnType":"Estimate"}]',
        "TxnTaxDetail.TotalTax": "8.5",
        "TotalAmt": "103.60",
        "Line.Id": "1",
        "Line.Amount": "100.10",
        "Line.DetailType": "SalesItemLineDetail",
        "Line.SalesItemLineDetail.ItemRef.value": "10",
        "Line.SalesItemLineDetail.UnitPrice": "50.05",
        "Line.SalesItemLineDetail.Qty": "2",
    }
    assert rows[2]["Line.TaxLineDetail.TaxPercent"] == "6.25"
    assert rows[2]["Line.TaxLineDetail.NetAmountTaxable"] == "100"


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-0.0",
        "337.50",
        "1e400",
        "90071992547409.93",
        "0.1000000000000000055511151231257827",
        "1" + "0" * 5000,
    ],
)
def test_a_number_keeps_the_characters_of_the_source(text: str) -> None:
    assert flatten(document(b'{"Id":"1","TotalAmt":%s}' % text.encode()))[0]["TotalAmt"] == text


def test_an_entity_without_lines_is_one_row() -> None:
    assert flatten(document(b'{"Id":"5","Name":"Tea","Active":true}')) == [
        {"_document": "5", "_line": "1", "Id": "5", "Name": "Tea", "Active": "true"}
    ]


def test_a_receipt_with_nothing_but_a_subtotal_still_has_a_row() -> None:
    only = b'{"Id":"5","Line":[{"Amount":0,"DetailType":"SubTotalLineDetail","SubTotalLineDetail":{}}]}'
    assert flatten(document(only)) == [{"_document": "5", "_line": "1", "Id": "5"}]


def test_an_exchange_rate_is_known_by_its_currency() -> None:
    rate = b'{"SourceCurrencyCode":"EUR","TargetCurrencyCode":"USD","Rate":1.0912,"AsOfDate":"2026-11-20"}'
    assert [(row["_document"], row["Rate"]) for row in flatten(document(rate))] == [("EUR", "1.0912")]


def test_a_document_that_cannot_be_named_is_bad_data() -> None:
    with pytest.raises(FixTheData, match="neither an Id"):
        flatten(document(b'{"Name":"x"}'))


@pytest.mark.parametrize(
    "data", [b"", b'{"a":1', b"NaN", b'{"a":Infinity}', b"{'a':1}", b"\xff\xfe\xff", b"{} {}"]
)
def test_what_is_not_whole_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(data)


def many(count: int) -> list[Document]:
    return [
        document(b'{"Id":"%d","Line":[{"Amount":%d.50},{"Amount":1}]}' % (n, n)) for n in range(1, count + 1)
    ]


def test_order_of_documents_and_keys_changes_neither_hash_nor_file(tmp_path: Path) -> None:
    straight = many(200)
    shuffled = [dict(reversed(each.items())) for each in straight]
    random.Random(7).shuffle(shuffled)
    assert canonical_sha256(shuffled) == canonical_sha256(straight)
    assert write_records(straight, tmp_path / "a.parquet") == 400
    write_records(shuffled, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        b'{"Id":"1","A":2}',
        b'{"Id":"1","A":1.0}',
        b'{"Id":"1","A":1,"B":null}',
        b'{"Id":"2","A":1}',
        b'{"Id":"1","A":true}',
    ],
)
def test_any_difference_of_content_changes_the_hash(other: bytes) -> None:
    assert canonical_sha256([document(b'{"Id":"1","A":1}')]) != canonical_sha256([document(other)])


def test_records_are_text_columns_by_name_in_order_of_ids(tmp_path: Path) -> None:
    """Numeric ids by value: 9 before 10; then other ids by text."""
    documents = [document(b'{"Id":"%s","Zeta":1}' % each) for each in (b"10", b"9", b"b", b"a")]
    write_records(documents, tmp_path / "records.parquet")
    frame = pl.read_parquet(tmp_path / "records.parquet")
    assert frame.columns == ["Id", "Zeta", "_document", "_line"]
    assert set(frame.dtypes) == {pl.String}
    assert frame["Id"].to_list() == ["9", "10", "a", "b"]


def test_rows_of_all_groups_arrive_with_all_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that only the last document has is there from the first group on, as null."""
    monkeypatch.setattr(records, "ROWS_PER_GROUP", 10)
    documents = [*many(25), document(b'{"Id":"26","Late":"x"}')]
    assert write_records(documents, tmp_path / "records.parquet") == 51
    frame = pl.read_parquet(tmp_path / "records.parquet")
    assert frame.height == 51
    assert frame["Late"].to_list() == [None] * 50 + ["x"]


def test_a_day_without_documents_is_a_file_without_rows(tmp_path: Path) -> None:
    assert write_records([], tmp_path / "records.parquet") == 0
    frame = pl.read_parquet(tmp_path / "records.parquet")
    assert (frame.height, frame.columns) == (0, ["_document", "_line"])
