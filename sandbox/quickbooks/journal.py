"""Journal entries of a company: the rules of posting, and what was posted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.answers import Refused
from sandbox.quickbooks.documents import head, reference
from sandbox.quickbooks.jsontext import Document, Json, number
from sandbox.quickbooks.receipts import CENT, PACIFIC, percent_of

LONGEST_NUMBER = 21
FAULT_OF_ERROR = {
    "extra_forbidden": ("2010", "Request has invalid or unsupported property"),
    "missing": ("2020", "Required param missing, need to supply the required value for the API"),
    "literal_error": ("2170", "Invalid Enumeration"),
}
INVALID = ("2080", "Invalid Number")


class Sent(BaseModel):
    """What all parts of a sent entry share: the vendor's casing, and nothing that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_pascal)


class Ref(BaseModel):
    """A reference as sent; the name is for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    value: str
    name: str | None = None


class SentParty(Sent):
    """Who a line is about."""

    type: Literal["Customer", "Vendor", "Employee", "Job", "Other"]
    entity_ref: Ref


class SentDetail(Sent):
    """The accounting part of a line."""

    posting_type: Literal["Debit", "Credit"]
    account_ref: Ref
    entity: SentParty | None = None


class SentLine(Sent):
    """One line as sent."""

    amount: Decimal
    detail_type: Literal["JournalEntryLineDetail"]
    journal_entry_line_detail: SentDetail
    id: str | None = None
    line_num: int | None = None
    description: str | None = None


class SentEntry(Sent):
    """One entry as sent."""

    line: tuple[SentLine, ...]
    txn_date: date | None = None
    doc_number: str | None = None
    private_note: str | None = None
    currency_ref: Ref | None = None
    exchange_rate: Decimal | None = None
    adjustment: bool = False


@dataclass(frozen=True)
class EntryLine:
    """One posted line. `amount` is in the entry's currency, `home` in the company's; both are positive."""

    account: str
    debit: bool
    amount: Decimal
    home: Decimal
    description: str | None = None


@dataclass(frozen=True)
class Entry:
    """One posted entry; debits equal credits in both currencies."""

    id: str
    day: date
    currency: str
    rate: Decimal
    lines: tuple[EntryLine, ...]
    created: datetime
    number: str | None = None
    note: str | None = None


@dataclass
class Ledger:
    """What a company posted, what it answered to each requestid, and where its books are closed."""

    entries: list[Entry] = field(default_factory=list[Entry])
    answers: dict[str, str] = field(default_factory=dict[str, str])
    closed_through: date | None = None


def post(ledger: Ledger, body: Mapping[str, Json], seed: int, now: datetime) -> Entry:
    """Check a sent entry and post it; `Refused` with the vendor's code where a rule is broken."""
    sent = _sent(body)
    entry = _entry(sent, str(450 + len(ledger.entries)), seed, now)
    if ledger.closed_through and entry.day <= ledger.closed_through:
        closed = f"The books are closed through {ledger.closed_through}."
        raise Refused("6210", "Account Period Closed", closed)
    ledger.entries.append(entry)
    return entry


def document(entry: Entry) -> Document:
    """Write an entry."""
    result = head(entry.id, entry.created, entry.created)
    if entry.number:
        result["DocNumber"] = entry.number
    if entry.note:
        result["PrivateNote"] = entry.note
    total = sum((line.amount for line in entry.lines if line.debit), Decimal(0))
    result |= {
        "TxnDate": entry.day.isoformat(),
        "CurrencyRef": reference(entry.currency, catalogue.CURRENCIES[entry.currency]),
        "ExchangeRate": number(entry.rate),
        "TotalAmt": number(total),
        "Adjustment": False,
        "Line": [_line_document(place, line) for place, line in enumerate(entry.lines)],
    }
    return result


def _line_document(place: int, line: EntryLine) -> Document:
    account = next(each for each in catalogue.ACCOUNTS if each.id == line.account)
    result: Document = {"Id": str(place)}
    if line.description:
        result["Description"] = line.description
    result |= {
        "Amount": number(line.amount),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {
            "PostingType": "Debit" if line.debit else "Credit",
            "AccountRef": reference(account.id, account.name),
        },
    }
    return result


def _sent(body: Mapping[str, Json]) -> SentEntry:
    try:
        return SentEntry.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        code, message = FAULT_OF_ERROR.get(first["type"], INVALID)
        element = ".".join(str(part) for part in first["loc"])
        raise Refused(code, message, f"{element}: {first['msg']}", element=element) from error


def _entry(sent: SentEntry, identity: str, seed: int, now: datetime) -> Entry:
    if sent.doc_number and len(sent.doc_number) > LONGEST_NUMBER:
        raise Refused("2050", "Invalid String Length", f"DocNumber is longer than {LONGEST_NUMBER}.")
    day = sent.txn_date or now.astimezone(PACIFIC).date()
    currency = sent.currency_ref.value if sent.currency_ref else catalogue.HOME
    rate = catalogue.rate(seed, currency, day)
    if rate is None:
        raise Refused("2500", "Invalid Reference Id", f"{currency} is not a currency of this company.")
    _check(sent, currency)
    used = sent.exchange_rate or rate
    return Entry(
        id=identity,
        day=day,
        currency=currency,
        rate=used,
        lines=_in_home(sent, used),
        created=now.astimezone(PACIFIC),
        number=sent.doc_number,
        note=sent.private_note,
    )


def _check(sent: SentEntry, currency: str) -> None:
    if len(sent.line) < 2:
        raise _broken("An entry needs at least two lines.")
    for line in sent.line:
        if line.amount <= 0 or line.amount != line.amount.quantize(CENT):
            raise Refused("2080", *INVALID[1:], f"{line.amount} is no positive amount in whole cents.")
        _check_account(line.journal_entry_line_detail, currency)
    if _sum(sent, "Debit") != _sum(sent, "Credit"):
        raise _broken(f"Debits are {_sum(sent, 'Debit')}, credits are {_sum(sent, 'Credit')}.")


def _check_account(detail: SentDetail, currency: str) -> None:
    account = next((each for each in catalogue.ACCOUNTS if each.id == detail.account_ref.value), None)
    if account is None:
        raise Refused("2500", "Invalid Reference Id", f"There is no account {detail.account_ref.value}.")
    if not account.active:
        raise Refused("610", "Object Not Found", f"Account {account.name} has been made inactive.")
    if account.tied_to_currency and account.currency != currency:
        raise _broken(f"Account {account.name} takes entries in {account.currency} only.")
    party = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}.get(account.type)
    if party and (detail.entity is None or detail.entity.type != party):
        raise _broken(f"A line on {account.name} needs a {party}.")


def _broken(detail: str) -> Refused:
    return Refused("6000", "A business validation error has occurred while processing your request", detail)


def _sum(sent: SentEntry, side: str) -> Decimal:
    amounts = (line.amount for line in sent.line if line.journal_entry_line_detail.posting_type == side)
    return sum(amounts, Decimal(0))


def _in_home(sent: SentEntry, rate: Decimal) -> tuple[EntryLine, ...]:
    """Convert line by line; the last line of a side takes what rounding leaves, so both stay equal."""
    open_amount = dict.fromkeys(("Debit", "Credit"), percent_of(_sum(sent, "Debit"), rate * 100))
    last = {line.journal_entry_line_detail.posting_type: place for place, line in enumerate(sent.line)}
    lines: list[EntryLine] = []
    for place, line in enumerate(sent.line):
        detail = line.journal_entry_line_detail
        side = detail.posting_type
        home = open_amount[side] if place == last[side] else percent_of(line.amount, rate * 100)
        open_amount[side] -= home
        account = detail.account_ref.value
        lines.append(EntryLine(account, side == "Debit", line.amount, home, line.description))
    return tuple(lines)
