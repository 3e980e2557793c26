"""I3, second half: the group company's books say what the mart says, in entries that balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from conductor import journal
from conductor.audit.dossier import Dossier
from conductor.audit.report import CHECKED, Outcomes, Problem, Unchecked
from conductor.errors import FixTheConfiguration, NotFound, RetryLater
from conductor.journal import Accounts
from conductor.settings import Settings
from conductor.sources.journal import Account, Entry
from conductor.values import Posted, Slot
from conductor.warehouses.protocol import Revenue

Balances = Mapping[tuple[str, str], Decimal]
"""By currency and account id; debit positive."""


class Company(Protocol):
    """The reading verbs of a company's books."""

    def accounts(self) -> tuple[Account, ...]:
        """Give the chart of accounts."""
        ...

    def find_entries(self, prefix: str) -> tuple[Entry, ...]:
        """Give the journal entries whose document number begins so."""
        ...


class GroupBooks:
    """The group company's books. Where they once did not answer, they are not asked again: a client is patient for minutes."""

    def __init__(self, open_books: Callable[[], Company], settings: Settings) -> None:
        self._open = open_books
        self._settings = settings
        self._trouble: RetryLater | FixTheConfiguration | None = None

    def read(self, slot: Slot) -> tuple[Accounts, tuple[Entry, ...]]:
        """Give the accounts of the day's revenue and a slot's entries; `RetryLater` or `FixTheConfiguration` without an answer."""
        if self._trouble:
            raise self._trouble
        try:
            books, settings = self._open(), self._settings
            accounts = journal.find_accounts(
                books.accounts(),
                settings.journal_clearing_account,
                settings.journal_revenue_account,
                settings.journal_tax_account,
            )
            return accounts, books.find_entries(journal.document_prefix(slot))
        except (RetryLater, FixTheConfiguration) as trouble:
            self._trouble = trouble
            raise


def booked(dossier: Dossier) -> Outcomes:
    """Ask the books for the entries of all versions of a posted slot: each balances, and together they are the mart's revenue."""
    evidence, slot = dossier.evidence, dossier.slot
    if not dossier.product.contract.journal or not dossier.batches:
        return
    if not evidence.ledger.remembered(dossier.batches[-1].batch.id, "post", Posted):
        return
    try:
        accounts, entries = evidence.books.read(slot)
        revenue = evidence.warehouse.daily_revenue(slot.day)
    except (RetryLater, FixTheConfiguration, NotFound) as trouble:
        yield Unchecked(sentence=f"the books were not compared with the mart: {trouble.sentence}")
        return
    yield CHECKED
    yield from _unbalanced(entries)
    yield from _compared(slot, _posted(entries), _wanted(accounts, revenue))


def _unbalanced(entries: Iterable[Entry]) -> Outcomes:
    for entry in entries:
        credited = sum((line.credit for line in entry.lines), Decimal(0))
        if entry.debits != credited:
            yield Problem(
                sentence=f"journal entry {entry.id} ({entry.document}) has {entry.debits:,} {entry.currency} of "
                f"debits and {credited:,} of credits",
                next_command=f"open entry {entry.document} in the group company's books",
            )


def _compared(slot: Slot, posted: Balances, wanted: Balances) -> Outcomes:
    for currency, account in sorted({*posted, *wanted}):
        books, mart = (side.get((currency, account), Decimal(0)) for side in (posted, wanted))
        if books != mart:
            yield Problem(
                sentence=f"the books hold {books:,} {currency} on account {account} for the day's revenue, and by the "
                f"mart it is {mart:,} (debit positive)",
                next_command=f"conductor explain {slot.id}",
            )


def _posted(entries: Sequence[Entry]) -> Balances:
    balances: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        for line in entry.lines:
            balances[entry.currency, line.account_id] += line.debit - line.credit
    return balances


def _wanted(accounts: Accounts, revenue: Iterable[Revenue]) -> Balances:
    return {
        (row.currency, account): amount
        for row in revenue
        for account, amount in (
            (accounts.clearing, row.gross),
            (accounts.revenue, -row.net),
            (accounts.tax, -row.tax),
        )
    }
