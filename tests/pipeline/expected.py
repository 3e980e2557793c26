"""What a day has to come to, derived from the receipts as the sandbox planned them and from nothing that the product computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.receipts import CENT, Flaw, Receipt

CLEARING, REVENUE, TAX = "4", "79", "90"  # the sandbox's Undeposited Funds, Sales and Sales Tax Payable
REASON = {
    Flaw.UNKNOWN_ITEM: "UNKNOWN_ITEM",
    Flaw.THREE_DECIMALS: "BAD_AMOUNT",
    Flaw.WRONG_PRODUCT: "LINE_TOTAL",
    Flaw.NO_RATE: "NO_RATE",
    Flaw.NEGATIVE_QUANTITY: "NEGATIVE_QUANTITY",
    Flaw.NO_ITEM: "MISSING_ITEM",
}


@dataclass
class Revenue:
    """A day's revenue in one currency; `lines` are sales, discount and tax lines that count."""

    receipts: int = 0
    lines: int = 0
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    net_home: Decimal = Decimal(0)
    tax_home: Decimal = Decimal(0)

    @property
    def row(self) -> tuple[int, int, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal]:
        """Give the mart's row without day and currency."""
        gross, gross_home = self.net + self.tax, self.net_home + self.tax_home
        return (
            self.receipts, self.lines, self.net, self.tax, gross, self.net_home, self.tax_home, gross_home
        )  # fmt: skip

    @property
    def postings(self) -> dict[str, Decimal]:
        """Give the entry that says it: signed amounts by account, debit positive."""
        return {CLEARING: self.net + self.tax, REVENUE: -self.net, TAX: -self.tax}


@dataclass
class Day:
    """What a day has to come to. `rows` are accepted lines, those of voided receipts included."""

    revenue: dict[str, Revenue]
    rejected: Counter[str]
    rows: int

    @property
    def mart(self) -> dict[str, tuple[object, ...]]:
        """Give the mart's rows by currency."""
        return {currency: found.row for currency, found in sorted(self.revenue.items())}


def expected(seed: int, receipts: Iterable[Receipt]) -> Day:
    """Add up a day. Each line is converted for itself and rounded to cents, halves away from zero."""
    day = Day({}, Counter(), 0)
    for receipt in receipts:
        day.rejected.update(REASON[line.flaw] for line in receipt.lines if line.flaw)
        nets = [line.amount for line in receipt.lines if not line.flaw]
        nets += [-receipt.discount] if receipt.discount_percent else []
        taxes = [line.amount for line in receipt.tax_lines]
        day.rows += len(nets) + len(taxes)
        if receipt.void or not nets:
            continue
        rate = catalogue.rate(seed, receipt.currency, receipt.day)
        assert rate is not None
        found = day.revenue.setdefault(receipt.currency, Revenue())
        found.receipts += 1
        found.lines += len(nets) + len(taxes)
        found.net += sum(nets)
        found.tax += sum(taxes)
        found.net_home += sum(at_home(amount, rate) for amount in nets)
        found.tax_home += sum(at_home(amount, rate) for amount in taxes)
    return day


def at_home(amount: Decimal, rate: Decimal) -> Decimal:
    """Convert one line."""
    return (amount * rate).quantize(CENT, ROUND_HALF_UP)


def difference(new: Day, old: Day) -> dict[str, dict[str, Decimal]]:
    """Give what a second version has to post: by currency and account, without zeros."""
    found: dict[str, dict[str, Decimal]] = {}
    for currency in sorted({*new.revenue, *old.revenue}):
        now = new.revenue.get(currency, Revenue()).postings
        before = old.revenue.get(currency, Revenue()).postings
        moved = {
            account: now[account] - before[account] for account in now if now[account] != before[account]
        }
        if moved:
            found[currency] = moved
    return found
