"""A company's books in QuickBooks Online: accounts, and journal entries that are posted once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import simplejson

from conductor.errors import FixTheData, RetryLater, StopAndCall
from conductor.records import Document, leaf, objects
from conductor.sources.client import ApiClient
from conductor.sources.journal import Account, Entry, EntryLine, NewEntry
from conductor.sources.quickbooks.reading import Query, ask, quote, read_all, rows_of

LONGEST_REQUEST_ID = 50
DETAIL = "JournalEntryLineDetail"


def accounts(client: ApiClient, page_size: int) -> tuple[Account, ...]:
    """Give the chart of accounts, inactive ones included."""
    found = read_all(client, Query("Account", "Active IN (true, false)"), page_size)
    return tuple(_account(document) for document in found.documents)


def home_currency(client: ApiClient) -> str:
    """Give the currency in which the books are kept."""
    for preferences in rows_of(ask(client, "SELECT * FROM Preferences").document, "Preferences"):
        if currency := leaf(preferences, "CurrencyPrefs.HomeCurrency.value"):
            return currency
    raise RetryLater("QuickBooks' preferences name no home currency")


def find_entries(client: ApiClient, prefix: str, page_size: int) -> tuple[Entry, ...]:
    """Give the journal entries whose document number begins so; `%` in the prefix means itself."""
    found = read_all(client, Query("JournalEntry", f"DocNumber LIKE {quote(prefix + '%')}"), page_size)
    entries = (_entry(document) for document in found.documents)
    return tuple(entry for entry in entries if entry.document.startswith(prefix))


def post_entry(client: ApiClient, entry: NewEntry, request_id: str) -> Entry:
    """Post an entry. The service runs a request id once and answers the same ever after, so a lost answer is
    asked for again.

    A request id that was used for another entry is `StopAndCall`: nothing was posted, and what was is not
    this.
    """
    if not 0 < len(request_id) <= LONGEST_REQUEST_ID:
        raise FixTheData(f"a request id has 1 to {LONGEST_REQUEST_ID} characters, not {len(request_id)}")
    body = simplejson.dumps(_document(entry), use_decimal=True).encode()
    reply = client.post("journalentry", {"requestid": request_id}, body, expect="JournalEntry")
    answered = reply.document["JournalEntry"]
    posted = _entry(answered if isinstance(answered, dict) else {})
    if (posted.document, posted.debits) != (entry.document, entry.debits):
        raise StopAndCall(
            f"QuickBooks answers the request for {entry.document} with entry {posted.id} ({posted.document},"
            f" {posted.debits}): this request id was used for something else"
        )
    return posted


def _account(document: Document) -> Account:
    return Account(
        id=leaf(document, "Id") or "",
        name=leaf(document, "Name") or "",
        number=leaf(document, "AcctNum") or "",
        classification=leaf(document, "Classification") or "",
        currency=leaf(document, "CurrencyRef.value") or "",
        active=leaf(document, "Active") != "false",
    )


def _document(entry: NewEntry) -> dict[str, object]:
    return {
        "TxnDate": entry.day.isoformat(),
        "DocNumber": entry.document,
        "PrivateNote": entry.note,
        "CurrencyRef": {"value": entry.currency},
        "Line": [_line_document(line) for line in entry.lines],
    }


def _line_document(line: EntryLine) -> dict[str, object]:
    amount = line.debit or line.credit
    return {
        "Amount": Decimal(f"{amount:f}"),  # without an exponent, which not every reader of JSON takes
        "Description": line.description,
        "DetailType": DETAIL,
        DETAIL: {
            "PostingType": "Debit" if line.debit else "Credit",
            "AccountRef": {"value": line.account_id},
        },
    }


def _entry(document: Document) -> Entry:
    return Entry(
        id=leaf(document, "Id") or "",
        day=date.fromisoformat(leaf(document, "TxnDate") or ""),
        document=leaf(document, "DocNumber") or "",
        note=leaf(document, "PrivateNote") or "",
        currency=leaf(document, "CurrencyRef.value") or "",
        lines=tuple(
            _line(line) for line in objects(document.get("Line")) if line.get("DetailType") == DETAIL
        ),
    )


def _line(document: Document) -> EntryLine:
    amount = Decimal(leaf(document, "Amount") or "0")
    debit = leaf(document, f"{DETAIL}.PostingType") == "Debit"
    return EntryLine(
        account_id=leaf(document, f"{DETAIL}.AccountRef.value") or "",
        debit=amount if debit else Decimal(0),
        credit=Decimal(0) if debit else amount,
        description=leaf(document, "Description") or "",
    )
