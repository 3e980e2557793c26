"""Monthly totals for the accountants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class AccountLine:
    """One line of a receipt, or a sum of such lines, booked to an account."""

    day: date
    currency: str
    account: str
    lines: int
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True)
class MonthlyTotal:
    """All lines of one month, currency and account. `month` is the month's first day."""

    month: date
    currency: str
    account: str
    lines: int
    net: Decimal
    tax: Decimal
    gross: Decimal


def monthly_totals(lines: Iterable[AccountLine]) -> tuple[MonthlyTotal, ...]:
    """Add up lines by month, currency and account, sorted so; different currencies never meet."""
    groups: defaultdict[tuple[date, str, str], list[AccountLine]] = defaultdict(list)
    for line in lines:
        groups[line.day.replace(day=1), line.currency, line.account].append(line)
    return tuple(
        MonthlyTotal(
            *key,
            lines=sum(line.lines for line in group),
            net=sum((line.net for line in group), Decimal()),
            tax=sum((line.tax for line in group), Decimal()),
            gross=sum((line.gross for line in group), Decimal()),
        )
        for key, group in sorted(groups.items())
    )
