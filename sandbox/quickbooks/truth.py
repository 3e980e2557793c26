"""What a day adds up to, from the planned values: the figures that a reader of the API has to arrive at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.quickbooks.jsontext import Document, number
from sandbox.quickbooks.receipts import Flaw, Receipt


@dataclass(frozen=True)
class CurrencyTruth:
    """Totals of one currency. `net` is over good lines; `flawed` is what the bad ones say, kept out of it."""

    currency: str
    receipts: int
    lines: int
    net: Decimal
    discount: Decimal
    tax: Decimal
    flawed_lines: int
    flawed: Decimal

    @property
    def gross(self) -> Decimal:
        """What was taken in for good lines: net less discounts plus tax."""
        return self.net - self.discount + self.tax


@dataclass(frozen=True)
class Truth:
    """Totals of a day. `lines` counts all sales lines, good and bad; `flaws` the bad ones by way."""

    day: date
    receipts: int
    lines: int
    flaws: tuple[tuple[Flaw, int], ...]
    currencies: tuple[CurrencyTruth, ...]

    @property
    def flawed_lines(self) -> int:
        """How many lines are bad, in whatever way."""
        return sum(count for _, count in self.flaws)

    @classmethod
    def of(cls, day: date, receipts: Sequence[Receipt]) -> Truth:
        """Add up the planned receipts of a day."""
        flaws = Counter(line.flaw for receipt in receipts for line in receipt.lines if line.flaw)
        currencies = sorted({receipt.currency for receipt in receipts})
        return cls(
            day=day,
            receipts=len(receipts),
            lines=sum(len(receipt.lines) for receipt in receipts),
            flaws=tuple((flaw, flaws[flaw]) for flaw in Flaw if flaw in flaws),
            currencies=tuple(
                _of_currency(currency, [receipt for receipt in receipts if receipt.currency == currency])
                for currency in currencies
            ),
        )

    def document(self) -> Document:
        """Give the totals as JSON, amounts as decimal strings."""
        return {
            "day": self.day.isoformat(),
            "receipts": self.receipts,
            "lines": self.lines,
            "flawed_lines": self.flawed_lines,
            "flaws": {flaw.value: count for flaw, count in self.flaws},
            "currencies": [_document(each) for each in self.currencies],
        }


def _of_currency(currency: str, receipts: Sequence[Receipt]) -> CurrencyTruth:
    lines = [line for receipt in receipts for line in receipt.lines]
    good = [line.amount for line in lines if line.flaw is None]
    bad = [line.amount for line in lines if line.flaw is not None]
    zero = Decimal(0)
    return CurrencyTruth(
        currency=currency,
        receipts=len(receipts),
        lines=len(good),
        net=sum(good, zero),
        discount=sum((receipt.discount for receipt in receipts), zero),
        tax=sum((receipt.tax for receipt in receipts), zero),
        flawed_lines=len(bad),
        flawed=sum(bad, zero),
    )


def _document(truth: CurrencyTruth) -> Document:
    return {
        "currency": truth.currency,
        "receipts": truth.receipts,
        "lines": truth.lines,
        "net": str(number(truth.net)),
        "discount": str(number(truth.discount)),
        "tax": str(number(truth.tax)),
        "gross": str(number(truth.gross)),
        "flawed_lines": truth.flawed_lines,
        "flawed": str(number(truth.flawed)),
    }
