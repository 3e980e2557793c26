"""Journal entries: written exactly, posted once, found again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from conductor.errors import ApprovalNeeded, FixTheData, RetryLater, StopAndCall
from conductor.sources.journal import Account, EntryLine, NewEntry
from conductor.sources.pace import Budget

from .conftest import Opener
from .vendor import Script, Vendor, executed_then_reset, expired, failing, fault, hang_up

ZERO = Decimal(0)


def entry(amount: str = "120.50", document: str = "CC0123456789-USD-1") -> NewEntry:
    lines = (
        EntryLine("4", Decimal(amount), ZERO, "receipts"),
        EntryLine("79", ZERO, Decimal(amount), "revenue"),
    )
    return NewEntry(date(2026, 11, 20), document, "Sales of 2026-11-20", "USD", lines)


def test_an_entry_is_posted_as_the_vendor_writes_it(vendor: Vendor, opened: Opener) -> None:
    posted = opened().post_entry(entry(), "request-1")
    assert (posted.id, posted.document, posted.currency, posted.day) == (
        "450",
        "CC0123456789-USD-1",
        "USD",
        date(2026, 11, 20),
    )
    assert posted.lines == entry().lines
    assert posted.debits == Decimal("120.50")
    (seen,) = vendor.seen
    assert (seen.method, seen.path, seen.params) == ("POST", "journalentry", {"requestid": "request-1"})
    assert vendor.posted["request-1"] == {
        "TxnDate": "2026-11-20",
        "DocNumber": "CC0123456789-USD-1",
        "PrivateNote": "Sales of 2026-11-20",
        "CurrencyRef": {"value": "USD"},
        "Line": [
            {
                "Amount": Decimal("120.50"),
                "Description": "receipts",
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": "Debit", "AccountRef": {"value": "4"}},
            },
            {
                "Amount": Decimal("120.50"),
                "Description": "revenue",
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": "Credit", "AccountRef": {"value": "79"}},
            },
        ],
        "Id": "450",
        "SyncToken": "0",
    }


@pytest.mark.parametrize(
    ("amount", "written"),
    [("90071992547409.93", b"90071992547409.93"), ("1E+3", b"1000"), ("0.10", b"0.10"), ("7", b"7")],
)
def test_amounts_are_json_numbers_with_exactly_their_digits(
    amount: str, written: bytes, vendor: Vendor, opened: Opener
) -> None:
    opened().post_entry(entry(amount), "request-1")
    assert vendor.seen[0].body.count(b'"Amount": ' + written + b",") == 2


@pytest.mark.parametrize(
    "script", [executed_then_reset, hang_up, failing(504), failing(429, {"Retry-After": "1"}), expired]
)
def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_posts_once(
    script: Script, vendor: Vendor, opened: Opener
) -> None:
    vendor.scripts.append(script)
    assert opened().post_entry(entry(), "request-1").id == "450"
    assert [seen.params for seen in vendor.seen] == [{"requestid": "request-1"}] * 2
    assert vendor.seen[0].body == vendor.seen[1].body
    assert len(vendor.rows["JournalEntry"]) == 1


def test_an_outcome_that_stays_unknown_is_for_later_and_then_settled_by_the_same_key(
    vendor: Vendor, opened: Opener
) -> None:
    vendor.scripts.extend([executed_then_reset, executed_then_reset])
    with pytest.raises(RetryLater):
        opened(budget=Budget(attempts=2)).post_entry(entry(), "request-1")
    assert opened().post_entry(entry(), "request-1").id == "450"
    assert len(vendor.rows["JournalEntry"]) == 1


def test_a_closed_period_needs_approval_and_a_refused_entry_a_person(vendor: Vendor, opened: Opener) -> None:
    vendor.scripts.extend(
        [fault(400, "6210", "Account Period Closed"), fault(400, "6000", "Business Validation Error")]
    )
    with pytest.raises(ApprovalNeeded, match="Account Period Closed"):
        opened().post_entry(entry(), "request-1")
    with pytest.raises(FixTheData, match="Business Validation Error"):
        opened().post_entry(entry(), "request-1")
    assert len(vendor.seen) == 2


def test_a_key_that_was_used_for_something_else_is_not_taken_for_posted(
    vendor: Vendor, opened: Opener
) -> None:
    opened().post_entry(entry("1"), "request-1")
    with pytest.raises(StopAndCall, match="used for something else"):
        opened().post_entry(entry("2"), "request-1")


@pytest.mark.parametrize("key", ["", "x" * 51])
def test_a_key_that_the_vendor_would_not_keep_is_refused_before_sending(
    key: str, vendor: Vendor, opened: Opener
) -> None:
    with pytest.raises(FixTheData, match="1 to 50"):
        opened().post_entry(entry(), key)
    assert vendor.seen == []


def line(debit: str, credit: str) -> EntryLine:
    return EntryLine("1", Decimal(debit), Decimal(credit))


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (line("1", "0"),),
        (line("1", "0"), line("0", "2")),
        (line("1", "1"), line("1", "1")),
        (line("-1", "0"), line("0", "-1")),
        (line("0", "0"), line("0", "0")),
        (line("NaN", "0"), line("0", "NaN")),
        (line("Infinity", "0"), line("0", "Infinity")),
    ],
)
def test_an_entry_that_no_books_would_take_cannot_be_made(lines: tuple[EntryLine, ...]) -> None:
    with pytest.raises(FixTheData):
        NewEntry(date(2026, 11, 20), "D-1", "", "USD", lines)


def test_entries_are_found_by_the_beginning_of_their_number_and_nothing_else(
    vendor: Vendor, opened: Opener
) -> None:
    books = opened(page_size=2)
    for n, document in enumerate(("CC1-USD-1", "CC1-EUR-1", "CC12-USD-1", "XCC1-USD-1", "CC1-USD-2")):
        books.post_entry(entry(document=document), f"request-{n}")
    assert [found.document for found in books.find_entries("CC1-")] == ["CC1-USD-1", "CC1-EUR-1", "CC1-USD-2"]
    assert books.find_entries("CC9") == ()
    assert books.find_entries("C%-") == ()  # to the vendor a wildcard, which all of them match
    assert books.find_entries("O'Hara\\") == ()
    assert "LIKE 'O\\'Hara\\\\%'" in vendor.seen[-1].statement


def test_accounts_hold_inactive_ones_and_miss_no_value_silently(vendor: Vendor, opened: Opener) -> None:
    vendor.rows["Account"] = [
        {
            "Id": "4",
            "Name": "Clearing",
            "AcctNum": "1200",
            "Classification": "Asset",
            "Active": True,
            "CurrencyRef": {"value": "USD"},
        },
        {"Id": "82", "Name": "Old sales", "Classification": "Revenue", "Active": False},
    ]
    assert opened().accounts() == (
        Account("4", "Clearing", "1200", "Asset", "USD", True),
        Account("82", "Old sales", "", "Revenue", "", False),
    )
