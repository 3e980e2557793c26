"""What books hold, in whatever accounting system: accounts and balanced journal entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from conductor.errors import FixTheData


@dataclass(frozen=True)
class Account:
    """An account of the chart. `number` and `currency` are empty where the system keeps none."""

    id: str
    name: str
    number: str
    classification: str
    currency: str
    active: bool


@dataclass(frozen=True)
class EntryLine:
    """One side of an entry: either `debit` or `credit` is above zero and the other is zero, in the entry's
    currency.
    """

    account_id: str
    debit: Decimal
    credit: Decimal
    description: str = ""


@dataclass(frozen=True)
class NewEntry:
    """An entry to post. `document` is the number by which it is found again. One that does not balance cannot
    be made.
    """

    day: date
    document: str
    note: str
    currency: str
    lines: tuple[EntryLine, ...]

    def __post_init__(self) -> None:
        """Refuse, as `FixTheData`, what no books would take."""
        if len(self.lines) < 2:
            raise FixTheData(f"the journal entry {self.document} needs at least two lines")
        for line in self.lines:
            amounts = (line.debit, line.credit)
            if not all(amount.is_finite() for amount in amounts) or min(amounts) != 0 or max(amounts) <= 0:
                raise FixTheData(
                    f"a line of the journal entry {self.document} is not one positive debit or credit"
                )
        if self.debits != sum((line.credit for line in self.lines), Decimal(0)):
            raise FixTheData(f"debits and credits of the journal entry {self.document} differ")

    @property
    def debits(self) -> Decimal:
        """Sum of the debits, which is that of the credits."""
        return sum((line.debit for line in self.lines), Decimal(0))


@dataclass(frozen=True)
class Entry:
    """An entry as the books hold it."""

    id: str
    day: date
    document: str
    note: str
    currency: str
    lines: tuple[EntryLine, ...]

    @property
    def debits(self) -> Decimal:
        """Sum of the debits."""
        return sum((line.debit for line in self.lines), Decimal(0))
