"""The group company's books against the mart, asked of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import SecretStr

from conductor import journal
from conductor.audit import AuditReport, GroupBooks, Invariant, Scope
from conductor.cli.home import Home as Place
from conductor.cli.servers import accounting_sandbox
from conductor.errors import ConductorError, RetryLater
from conductor.settings import Settings
from conductor.sources.connections import connector
from conductor.sources.journal import EntryLine, NewEntry
from conductor.sources.quickbooks import QuickBooks
from conductor.sources.tokens import TOKENS, FileTokenStore

from .conftest import SLOT, Home

MONEY = Scope(dataset=SLOT.dataset, invariants=(Invariant.I3,))


@dataclass(frozen=True)
class Books:
    home: Home
    company: QuickBooks
    settings: Settings

    def audit(self) -> AuditReport:
        return self.home.audit(MONEY, books=GroupBooks(lambda: self.company, self.settings))

    def post(self, number: str, amount: str) -> None:
        """Post what nobody asked for, under a number of the slot's."""
        names = (self.settings.journal_clearing_account, self.settings.journal_revenue_account)
        ids = {account.name: account.id for account in self.company.accounts()}
        lines = (
            EntryLine(ids[names[0]], Decimal(amount), Decimal(0)),
            EntryLine(ids[names[1]], Decimal(0), Decimal(amount)),
        )
        entry = NewEntry(SLOT.day, journal.document_prefix(SLOT) + number, "by hand", "USD", lines)
        self.company.post_entry(entry, f"by-hand-{number}")


@pytest.fixture
def books(home: Home) -> Iterator[Books]:
    place = Place(home.path).make()
    credentials = place.sandbox_credentials()
    with accounting_sandbox(place, 120) as url:
        settings = Settings(
            accounting_url=url,
            accounting_client_id=credentials.client_id,
            accounting_client_secret=SecretStr(credentials.client_secret),
        )
        connect = connector(settings, FileTokenStore(home.path / TOKENS), lambda: datetime.now(UTC))
        yield Books(home, connect(settings.group_realm), settings)


def test_the_entries_of_both_versions_together_are_the_marts_revenue(books: Books) -> None:
    report = books.audit()
    assert report.findings == report.unchecked == ()
    assert [check.checked for check in report.checks] == [4]  # two versions, the warehouse, the books


def test_an_entry_that_nobody_owes_is_found_on_both_of_its_accounts(books: Books) -> None:
    books.post("USD-3", "0.01")
    findings = books.audit().findings
    assert len(findings) == 2
    assert all("USD" in finding.sentence and finding.invariant is Invariant.I3 for finding in findings)


def test_a_cent_in_the_mart_is_found(books: Books) -> None:
    books.home.in_warehouse(
        "UPDATE marts.mart_daily_revenue SET net = net + 0.01, gross = gross + 0.01 WHERE currency = 'EUR'"
    )
    findings = books.audit().findings
    assert len(findings) == 2
    assert all("EUR" in finding.sentence for finding in findings)


def test_books_that_once_did_not_answer_are_not_asked_again() -> None:
    asked: list[str] = []

    def refuse() -> QuickBooks:
        asked.append("once")
        raise RetryLater("the books do not answer")

    books = GroupBooks(refuse, Settings())
    for _ in range(3):
        with pytest.raises(ConductorError, match="do not answer"):
            books.read(SLOT)
    assert asked == ["once"]
