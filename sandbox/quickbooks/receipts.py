"""Sales receipts as planned values: what was meant, before it is written the vendor's way.

Amounts are in the receipt's own currency. What can be derived (tax, totals) is derived here only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
CENT = Decimal("0.01")


class Flaw(StrEnum):
    """The six ways in which a planted line is bad; a line has one of them or none."""

    UNKNOWN_ITEM = "unknown_item"
    THREE_DECIMALS = "three_decimals"
    WRONG_PRODUCT = "wrong_product"
    NO_RATE = "no_rate"
    NEGATIVE_QUANTITY = "negative_quantity"
    NO_ITEM = "no_item"


FLAWS_OF_AMOUNT = frozenset({Flaw.THREE_DECIMALS, Flaw.WRONG_PRODUCT, Flaw.NEGATIVE_QUANTITY})


@dataclass(frozen=True)
class TaxRate:
    """One tax; `percent` is 8.5 for eight and a half per cent."""

    id: str
    name: str
    percent: Decimal


@dataclass(frozen=True)
class TaxLine:
    """What one tax takes on a receipt."""

    rate: TaxRate
    taxable: Decimal
    amount: Decimal


@dataclass(frozen=True)
class SalesLine:
    """One sold thing. An amount-only line has neither `quantity` nor `price`; `item` is a catalogue id."""

    item: str | None
    amount: Decimal
    quantity: Decimal | None = None
    price: Decimal | None = None
    taxable: bool = False
    flaw: Flaw | None = None


@dataclass(frozen=True)
class Receipt:
    """One sales receipt. `rate` is home units per unit of `currency`, None at home or without a rate."""

    id: str
    day: date
    currency: str
    lines: tuple[SalesLine, ...]
    created: datetime
    updated: datetime
    number: str | None = None
    customer: str | None = None
    rate: Decimal | None = None
    discount_percent: Decimal | None = None
    taxes: tuple[TaxRate, ...] = ()
    void: bool = False
    sync: int = 0

    @property
    def subtotal(self) -> Decimal:
        """Sum of the sales lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def discount(self) -> Decimal:
        """What the discount line subtracts: a positive amount, 0 without one."""
        return percent_of(self.subtotal, self.discount_percent) if self.discount_percent else Decimal(0)

    @property
    def tax_lines(self) -> tuple[TaxLine, ...]:
        """One line per tax, on the taxable lines before the discount."""
        taxable = sum((line.amount for line in self.lines if line.taxable), Decimal(0))
        return tuple(TaxLine(rate, taxable, percent_of(taxable, rate.percent)) for rate in self.taxes)

    @property
    def tax(self) -> Decimal:
        """Sum of the tax lines."""
        return sum((line.amount for line in self.tax_lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        """Sales lines less discount plus tax."""
        return self.subtotal - self.discount + self.tax

    @property
    def flawed(self) -> bool:
        """Whether a line was planted bad."""
        return any(line.flaw for line in self.lines)

    def revised(self, at: datetime, **changes: object) -> Receipt:
        """Give the receipt after an edit at that instant: one SyncToken on, updated then."""
        return replace(self, updated=at.astimezone(PACIFIC), sync=self.sync + 1, **changes)

    def with_amount(self, index: int, amount: Decimal, at: datetime) -> Receipt:
        """Give the receipt with another amount on the line at `index` (from 0), sold as one piece."""
        old = self.lines[index]
        line = replace(old, amount=amount, quantity=Decimal(1), price=amount, flaw=_without_amount(old.flaw))
        return self.revised(at, lines=(*self.lines[:index], line, *self.lines[index + 1 :]))

    def voided(self, at: datetime) -> Receipt:
        """Give the receipt as a void leaves it: still there, amounts and quantities zero."""
        return self.revised(at, lines=tuple(_zero(line) for line in self.lines), void=True)


@dataclass(frozen=True)
class Deleted:
    """What is left of a deleted document."""

    id: str
    updated: datetime


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """Give a percentage in whole cents, halves away from zero."""
    return (amount * percent / 100).quantize(CENT, ROUND_HALF_UP)


def _zero(line: SalesLine) -> SalesLine:
    quantity = None if line.quantity is None else Decimal(0)
    return replace(line, amount=Decimal(0), quantity=quantity, flaw=_without_amount(line.flaw))


def _without_amount(flaw: Flaw | None) -> Flaw | None:
    return None if flaw in FLAWS_OF_AMOUNT else flaw
