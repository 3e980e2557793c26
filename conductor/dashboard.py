"""The page "Daily revenue": one file that needs no network, no script and no other file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from conductor.chart import Chart, columns
from conductor.errors import FixTheConfiguration

WINDOW = 30  # days
ZERO = Decimal()


@dataclass(frozen=True)
class DailyRevenue:
    """One row of the mart: a business date in one currency. `gross_home` is `gross` in the home currency."""

    day: date
    currency: str
    receipts: int
    lines: int
    net: Decimal
    tax: Decimal
    gross: Decimal
    gross_home: Decimal


@dataclass(frozen=True)
class Freshness:
    """What the page is built from. `as_of` is the source's clock, `data_docs` a relative or http(s) link."""

    dataset: str
    as_of: datetime
    version: int
    batch: str
    rows: int
    rejected: int
    home_currency: str
    data_docs: str | None = None


@dataclass(frozen=True)
class Day:
    """All currencies of one day together; None where the day has no rows."""

    day: date
    receipts: int | None
    gross_home: Decimal | None


@dataclass(frozen=True)
class Share:
    """One currency over the window. `percent` is its part of the home total, None where it has none."""

    currency: str
    receipts: int
    gross: Decimal
    gross_home: Decimal
    percent: Decimal | None


@dataclass(frozen=True)
class Revenue:
    """The figures of the page."""

    day: date
    latest: tuple[DailyRevenue, ...]
    total: Decimal
    receipts: int
    change: Decimal | None
    days: tuple[Day, ...]
    window_total: Decimal
    shares: tuple[Share, ...]


def build(rows: Sequence[DailyRevenue], freshness: Freshness, now: datetime) -> str:
    """Give the page as HTML. The last day is the last of the rows, so a page built again says the same."""
    if urlsplit(freshness.data_docs or "").scheme not in ("", "http", "https"):
        raise FixTheConfiguration("the address of the Data Docs is neither relative nor http(s)")
    revenue = _revenue(rows) if rows else None
    return _TEMPLATES.get_template("revenue.html.j2").render(
        revenue=revenue, chart=_chart(revenue) if revenue else None, freshness=freshness, now=now
    )


def _revenue(rows: Sequence[DailyRevenue]) -> Revenue:
    day = max(row.day for row in rows)
    window = [row for row in rows if day - row.day < timedelta(days=WINDOW)]
    latest = sorted((row for row in window if row.day == day), key=lambda row: row.currency)
    days = _days(window, day)
    return Revenue(
        day=day,
        latest=tuple(latest),
        total=_home(latest),
        receipts=sum(row.receipts for row in latest),
        change=_change(days[-8].gross_home, _home(latest)),
        days=days,
        window_total=_home(window),
        shares=_shares(window),
    )


def _days(window: Sequence[DailyRevenue], last: date) -> tuple[Day, ...]:
    """Give every day of the window, oldest first: a day without rows must show as a gap."""
    by_day: defaultdict[date, list[DailyRevenue]] = defaultdict(list)
    for row in window:
        by_day[row.day].append(row)
    dates = (last - timedelta(days=back) for back in reversed(range(WINDOW)))
    return tuple(_day(day, by_day[day]) for day in dates)


def _day(day: date, rows: Sequence[DailyRevenue]) -> Day:
    return Day(day, sum(row.receipts for row in rows), _home(rows)) if rows else Day(day, None, None)


def _shares(window: Sequence[DailyRevenue]) -> tuple[Share, ...]:
    """Give the currencies, largest first. Where returns outweigh sales, there are no parts of a whole."""
    by_currency: defaultdict[str, list[DailyRevenue]] = defaultdict(list)
    for row in window:
        by_currency[row.currency].append(row)
    sensible = _home(window) > 0 and all(_home(rows) >= 0 for rows in by_currency.values())
    shares = [
        Share(
            currency=currency,
            receipts=sum(row.receipts for row in rows),
            gross=sum((row.gross for row in rows), ZERO),
            gross_home=_home(rows),
            percent=_home(rows) * 100 / _home(window) if sensible else None,
        )
        for currency, rows in by_currency.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.gross_home, share.currency)))


def _change(before: Decimal | None, after: Decimal) -> Decimal | None:
    """Give the change in percent; None where there is nothing to compare with."""
    return (after - before) * 100 / before if before and before > 0 else None


def _home(rows: Iterable[DailyRevenue]) -> Decimal:
    return sum((row.gross_home for row in rows), ZERO)


def _chart(revenue: Revenue) -> Chart:
    return columns([(_short(day.day), day.gross_home) for day in revenue.days], label_every=7)


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _long(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def _money(amount: Decimal) -> str:
    """Write at least two decimals and every digit that came: a page never rounds money."""
    places = int(amount.as_tuple().exponent)
    return format(amount if places <= -2 else amount.quantize(Decimal("0.01")), ",f")


def _age(span: timedelta) -> str:
    """Say a span in its largest unit, rounded down."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if count := int(span.total_seconds() // size):
            return f"{count} {unit}{'s' * (count > 1)}"
    return "less than a minute"


_TEMPLATES = Environment(
    loader=PackageLoader("conductor"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "money": _money,
    "count": lambda count: format(count, ","),
    "percent": lambda percent: format(percent, ".1f"),
    "short": _short,
    "long": _long,
    "age": _age,
}
