"""The day's revenue as balanced journal entries in the group company's books.

An entry is found again by its document number, which is made from the slot, the currency and the version. What is due is always
the mart's revenue less what the slot's entries already say: so version 1 posts all of it, version n the difference, and a
repetition nothing, whatever was lost on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from conductor.errors import FixTheConfiguration, Superseded
from conductor.sources.journal import Account, Entry, EntryLine, NewEntry
from conductor.values import Slot, digest
from conductor.warehouses.protocol import Revenue

DOCUMENT = re.compile(r"CC[0-9a-f]{10}-(?P<currency>[A-Z]{3})-(?P<version>[0-9]+)")


@dataclass(frozen=True)
class Accounts:
    """The group company's account ids that the day's revenue touches."""

    clearing: str
    revenue: str
    tax: str


@dataclass(frozen=True)
class Draft:
    """An entry that is due, with the key under which the vendor executes it once."""

    entry: NewEntry
    request_id: str


def document_prefix(slot: Slot) -> str:
    """What the document numbers of a slot's entries begin with; 13 of the vendor's 21 characters."""
    return f"CC{digest('journal', slot.id)[:10]}-"


def document(slot: Slot, currency: str, version: int) -> str:
    """Document number of a slot's entry."""
    return f"{document_prefix(slot)}{currency}-{version}"


def request_id(slot: Slot, currency: str, version: int) -> str:
    """Key under which the vendor executes an entry at most once; 32 characters."""
    return digest("journal", slot.id, currency, str(version))


def find_accounts(accounts: Iterable[Account], clearing: str, revenue: str, tax: str) -> Accounts:
    """Find the ids of the three accounts by name; a missing one is `FixTheConfiguration`."""
    ids = {account.name: account.id for account in accounts if account.active}
    missing = [name for name in (clearing, revenue, tax) if name not in ids]
    if missing:
        raise FixTheConfiguration(
            f"the group company has no active account named {', '.join(map(repr, missing))}",
            next_command="set journal_clearing_account, journal_revenue_account and journal_tax_account",
        )
    return Accounts(ids[clearing], ids[revenue], ids[tax])


def due(
    slot: Slot, version: int, revenue: Sequence[Revenue], posted: Sequence[Entry], accounts: Accounts
) -> tuple[Draft, ...]:
    """Give the entries that make the books say what the mart says, one per currency that differs.

    A newer version already in the books is `Superseded`. An entry of this version is there: nothing is due for its currency.
    """
    versions = {_version(entry) for entry in posted}
    if versions and max(versions) > version:
        raise Superseded(
            f"the books already hold version {max(versions)} of {slot.id}; version {version} is not posted"
        )
    target = {row.currency: row for row in revenue}
    done = {entry.currency for entry in posted if _version(entry) == version}
    drafts: list[Draft] = []
    for currency in sorted(set(target) | {entry.currency for entry in posted} - done):
        if currency in done:
            continue
        row = target.get(currency)
        wanted = _balances(accounts, row.net if row else Decimal(0), row.tax if row else Decimal(0))
        earlier = [entry for entry in posted if entry.currency == currency]
        lines = _difference(wanted, earlier)
        if lines:
            drafts.append(_draft(slot, version, currency, lines, earlier))
    return tuple(drafts)


def _balances(accounts: Accounts, net: Decimal, tax: Decimal) -> dict[str, Decimal]:
    """Signed balances, debit positive: receipts in, revenue and tax owed out; they sum to zero."""
    return {accounts.clearing: net + tax, accounts.revenue: -net, accounts.tax: -tax}


def _difference(wanted: dict[str, Decimal], earlier: Sequence[Entry]) -> tuple[EntryLine, ...]:
    open_balance = dict(wanted)
    for entry in earlier:
        for line in entry.lines:
            open_balance[line.account_id] = (
                open_balance.get(line.account_id, Decimal(0)) - line.debit + line.credit
            )
    return tuple(
        EntryLine(account, max(amount, Decimal(0)), max(-amount, Decimal(0)), "")
        for account, amount in open_balance.items()
        if amount
    )


def _draft(
    slot: Slot, version: int, currency: str, lines: tuple[EntryLine, ...], earlier: Sequence[Entry]
) -> Draft:
    note = f"Sales of {slot.day.isoformat()} in {currency}, version {version}"
    if earlier:
        last = max(earlier, key=_version)
        note += f", the difference to entry {last.id} ({last.document})"
    entry = NewEntry(slot.day, document(slot, currency, version), note, currency, lines)
    return Draft(entry, request_id(slot, currency, version))


def _version(entry: Entry) -> int:
    match = DOCUMENT.fullmatch(entry.document)
    return int(match["version"]) if match else 0
