"""The client against the bundled sandbox: another's reading of the same API, with its own ground truth and faults."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from conductor.errors import (
    ApprovalNeeded,
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    RetryLater,
)
from conductor.settings import Settings
from conductor.sources.connections import Gate
from conductor.sources.journal import EntryLine, NewEntry
from conductor.sources.quickbooks import ADAPTER, QuickBooks
from conductor.sources.tokens import FileTokenStore
from conductor.values import Extract, Slot
from sandbox.quickbooks import GROUP, SHOP, Fault, Faults, Rotation, Sandbox

from .conftest import Hands

ROOT = Path(__file__).parents[3]
SEED = 20
CLIENT_ID, CLIENT_SECRET = "test-app", "test-secret"
DAY = date(2026, 11, 20)
SLOT = Slot(dataset="finance/sales_receipts", day=DAY)
RECEIPTS = 150
LISTED = [fault for fault in Fault if not fault.permanent]
READER = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from pydantic import SecretStr
from conductor.settings import Settings
from conductor.sources.connections import connector
from conductor.sources.tokens import FileTokenStore
from conductor.values import Slot

url, tokens, scratch, company, client_id, secret = sys.argv[1:]
settings = Settings(
    accounting_url=url, accounting_client_id=client_id, accounting_client_secret=SecretStr(secret), page_size=40
)
shop = connector(settings, FileTokenStore(Path(tokens)), lambda: datetime(2026, 11, 25, tzinfo=UTC))(company)
print("ready", flush=True)
sys.stdin.readline()
slot = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 20))
print(shop.extract("SalesReceipt", slot, Path(scratch)).object_id)
"""


@dataclass
class Now:
    """The sandbox's clock; tests move it."""

    time: datetime = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Known:
    documents: int
    as_of: datetime


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def sandbox(now: Now) -> Iterator[Sandbox]:
    with Sandbox(
        SEED, now, CLIENT_ID, CLIENT_SECRET, receipts_per_day=RECEIPTS, huge=True, rotation=Rotation.ALWAYS
    ) as running:
        yield running


@pytest.fixture
def company(sandbox: Sandbox, hands: Hands, tmp_path: Path) -> Callable[[str], QuickBooks]:
    """Consent to a company through the consent page, then open it."""
    settings = Settings(
        accounting_url=sandbox.url,
        accounting_client_id=CLIENT_ID,
        accounting_client_secret=SecretStr(CLIENT_SECRET),
        page_size=40,
    )
    gate = Gate(
        ADAPTER,
        settings,
        FileTokenStore(tmp_path / "tokens"),
        hands.clock,
        lambda: datetime(2026, 11, 25, tzinfo=UTC),
    )

    def consent_and_open(realm: str) -> QuickBooks:
        def browser(url: str) -> None:
            httpx.get(f"{url}&auto=1&realm={realm}", follow_redirects=True, trust_env=False)

        assert gate.connect(browser, state="state-1", timeout_s=30).company == realm
        return gate.open(realm)

    return consent_and_open


def sums(extract: Extract, detail: str) -> dict[str, Decimal]:
    """Add up the lines of a kind per currency, from the texts, in whole decimals."""
    frame = pl.read_parquet(extract.records.path).filter(pl.col("Line.DetailType") == detail)
    found: dict[str, Decimal] = {}
    for currency, amount in frame.select("CurrencyRef.value", "Line.Amount").rows():
        found[currency] = found.get(currency, Decimal(0)) + Decimal(amount)
    return found


def assert_is_truth(extract: Extract, sandbox: Sandbox) -> None:
    """The extract holds each receipt once, and adds up to what the sandbox planned."""
    truth = sandbox.truth(DAY)
    assert extract.documents == truth.receipts
    assert sums(extract, "SalesItemLineDetail") == {
        each.currency: each.net + each.flawed for each in truth.currencies
    }
    zero = Decimal(0)
    for detail, wanted in (
        ("DiscountLineDetail", {each.currency: each.discount for each in truth.currencies}),
        ("TaxLineDetail", {each.currency: each.tax for each in truth.currencies}),
    ):
        found = sums(extract, detail)
        assert {currency: found.get(currency, zero) for currency in wanted} == wanted


def test_a_day_arrives_as_it_was_planned_to_the_last_cent(
    sandbox: Sandbox, company: Callable[[str], QuickBooks], tmp_path: Path
) -> None:
    extract = company(SHOP.realm).extract("SalesReceipt", SLOT, tmp_path / "extract")
    assert_is_truth(extract, sandbox)
    amounts = pl.read_parquet(extract.records.path)["Line.Amount"].to_list()
    assert "90071992547409.93" in amounts  # 2**53 cents and one
    assert len(extract.parts) >= RECEIPTS / 40
    assert extract.as_of == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("fault", LISTED, ids=lambda fault: fault.value)
def test_each_fault_that_passes_changes_nothing_in_what_is_read_and_posted(
    fault: Fault, sandbox: Sandbox, company: Callable[[str], QuickBooks], tmp_path: Path
) -> None:
    if fault.scope.value == "refresh":
        sandbox.tokens.uses = 3  # so that tokens are refreshed at all
    shop, group = company(SHOP.realm), company(GROUP.realm)
    sandbox.faults = Faults.single(fault.value)
    assert_is_truth(shop.extract("SalesReceipt", SLOT, tmp_path / "extract"), sandbox)
    posted = group.post_entry(entry(), "request-1")
    assert group.find_entries("CC1-") == (posted,)
    assert fault in {each.fault for each in sandbox.requests}  # it really happened


@pytest.mark.parametrize("seed", range(20))
def test_drawn_schedules_of_faults_end_in_the_truth_or_in_a_sorted_error(
    seed: int, sandbox: Sandbox, company: Callable[[str], QuickBooks], tmp_path: Path
) -> None:
    shop = company(SHOP.realm)
    sandbox.faults = faults = Faults.by_seed(seed)
    sandbox.clear_requests()
    print(seed, faults.description)
    if faults.recoverable:
        assert_is_truth(shop.extract("SalesReceipt", SLOT, tmp_path / "extract"), sandbox)
        return
    with pytest.raises((RetryLater, FixTheConfiguration)) as caught:
        shop.extract("SalesReceipt", SLOT, tmp_path / "extract")
    lasting = faults.permanent in (Fault.REVOKED_CONSENT, Fault.FORBIDDEN)
    assert isinstance(caught.value, FixTheConfiguration) == lasting
    assert len(sandbox.requests) <= (3 if lasting else 8)  # no hammering: at most a refresh, or the budget


def test_the_catalogue_and_the_rates_of_a_day_arrive_whole(
    company: Callable[[str], QuickBooks], tmp_path: Path
) -> None:
    shop = company(SHOP.realm)
    items = shop.extract("Item", Slot(dataset="finance/items", day=DAY), tmp_path / "items")
    rates = shop.extract("ExchangeRate", Slot(dataset="finance/exchange_rates", day=DAY), tmp_path / "rates")
    frame = pl.read_parquet(items.records.path)
    assert items.documents == frame["_document"].n_unique() == 60
    assert set(frame["Active"]) == {"true", "false"}
    assert pl.read_parquet(rates.records.path)["_document"].to_list() == ["EUR", "GBP"]


def read_days(shop: QuickBooks, back: int, tmp_path: Path) -> dict[date, Known]:
    known: dict[date, Known] = {}
    for n in range(back):
        day = DAY - timedelta(days=n)
        extract = shop.extract("SalesReceipt", Slot(dataset=SLOT.dataset, day=day), tmp_path / str(n))
        known[day] = Known(extract.documents, extract.as_of)
    return known


Change = Callable[[Sandbox, str], object]
CHANGES: dict[str, tuple[Change, set[int]]] = {
    "edited": (lambda sandbox, receipt: sandbox.change_line(receipt, 1, Decimal("3.21")), {1}),
    "voided": (lambda sandbox, receipt: sandbox.void(receipt), {1}),
    "deleted": (lambda sandbox, receipt: sandbox.delete(receipt), {1}),
    "moved": (lambda sandbox, receipt: sandbox.move(receipt, DAY), {0, 1}),
    "back-dated": (
        lambda sandbox, receipt: sandbox.add(DAY - timedelta(days=2), "EUR", Decimal("9.99")),
        {2},
    ),
    "moved out of all": (lambda sandbox, receipt: sandbox.move(receipt, date(2026, 6, 1)), {1}),
}


@pytest.mark.parametrize("crowd", [0, 1000])
@pytest.mark.parametrize("name", CHANGES)
def test_days_that_changed_are_named_and_no_others(
    name: str, crowd: int, sandbox: Sandbox, now: Now, company: Callable[[str], QuickBooks], tmp_path: Path
) -> None:
    """With a crowd of 1,000 receipts added on a day outside the look-back, change capture is full and tells too little."""
    shop = company(SHOP.realm)
    known = read_days(shop, 3, tmp_path)
    now.time += timedelta(hours=24)
    assert shop.changed_days("SalesReceipt", known, DAY, 7) == ()
    for _ in range(crowd):
        sandbox.add(date(2026, 6, 1), "USD", Decimal(1))
    change, touched = CHANGES[name]
    change(sandbox, sandbox.receipts(DAY - timedelta(days=1))[0].id)
    found = shop.changed_days("SalesReceipt", known, DAY, 7)
    assert found == tuple(sorted(DAY - timedelta(days=n) for n in touched))


def entry(amount: str = "90071992547409.93", day: date = DAY, document: str = "CC1-USD-1") -> NewEntry:
    total = Decimal(amount)
    lines = (EntryLine("91", total, Decimal(0), "receipts"), EntryLine("79", Decimal(0), total, "revenue"))
    return NewEntry(day, document, "Sales", "USD", lines)


def test_the_books_hold_what_was_posted_once(sandbox: Sandbox, company: Callable[[str], QuickBooks]) -> None:
    group = company(GROUP.realm)
    assert group.home_currency() == "USD"
    names = {account.name: account for account in group.accounts()}
    assert (names["Sales"].id, names["Sales"].active, names["Sales before 2020"].active) == (
        "79",
        True,
        False,
    )
    first, again = group.post_entry(entry(), "request-1"), group.post_entry(entry(), "request-1")
    assert first == again
    assert first.debits == Decimal("90071992547409.93")
    assert group.find_entries("CC1-") == (first,)


def test_a_closed_period_needs_approval_and_nothing_is_posted(
    sandbox: Sandbox, company: Callable[[str], QuickBooks]
) -> None:
    group = company(GROUP.realm)
    sandbox.close_books(GROUP.realm, DAY)
    with pytest.raises(ApprovalNeeded):
        group.post_entry(entry(), "request-1")
    assert group.find_entries("CC1-") == ()
    later = group.post_entry(entry(day=DAY + timedelta(days=1)), "request-1")
    assert group.find_entries("CC1-") == (later,)


@pytest.mark.parametrize(("account", "error"), [("9999", FixTheConfiguration), ("82", ConductorError)])
def test_an_entry_on_no_living_account_is_refused(
    account: str, error: type[ConductorError], company: Callable[[str], QuickBooks]
) -> None:
    group = company(GROUP.realm)
    one = Decimal(1)
    lines = (EntryLine(account, one, Decimal(0)), EntryLine("79", Decimal(0), one))
    with pytest.raises(error) as caught:
        group.post_entry(NewEntry(DAY, "CC1-USD-1", "", "USD", lines), "request-1")
    assert isinstance(caught.value, FixTheConfiguration | FixTheData)
    assert group.find_entries("CC1-") == ()


def test_two_processes_on_tokens_that_die_at_every_third_request_lock_nobody_out(
    sandbox: Sandbox, company: Callable[[str], QuickBooks], tmp_path: Path
) -> None:
    shop = company(SHOP.realm)
    whole = shop.extract("SalesReceipt", SLOT, tmp_path / "whole").object_id
    sandbox.tokens.uses = 3
    company(SHOP.realm)
    sandbox.clear_requests()
    processes = [
        subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-c",
                    READER,
                    sandbox.url,
                    str(tmp_path / "tokens"),
                    str(tmp_path / f"scratch-{n}"),
                ),
                *(SHOP.realm, CLIENT_ID, CLIENT_SECRET),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for n in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    outputs: dict[int, tuple[str, str]] = {}
    threads = [
        threading.Thread(
            target=lambda n=n: outputs.update({n: processes[n].communicate("go\n", timeout=120)})
        )
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outputs[n][0].strip() for n in range(2)] == [whole, whole], outputs
    refreshes = [each.status for each in sandbox.requests if "tokens/bearer" in each.path]
    assert len(refreshes) >= 3
    assert set(refreshes) == {200}
