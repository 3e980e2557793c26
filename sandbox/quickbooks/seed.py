"""Ground truth: the receipts of any day, the same for the same seed, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.receipts import CENT, PACIFIC, Flaw, Receipt, SalesLine, TaxRate

EPOCH = date(2000, 1, 1)
IDS_PER_DAY = 1_000_000
ADDED_FROM = 900_000
PLANTED_FROM = 100
OPENS, CLOSES = 7 * 3600, 22 * 3600
HUGE = Decimal("90071992547409.93")


@dataclass(frozen=True)
class Sale:
    """What a receipt sells, before it has an id, a time and a customer."""

    currency: str
    lines: tuple[SalesLine, ...]
    discount_percent: Decimal | None = None
    taxes: tuple[TaxRate, ...] = ()
    void: bool = False


def receipt_id(day: date, place: int) -> str:
    """Give the id of a day's receipt by its place (from 1): a numeric string, unique over all days."""
    return str((day - EPOCH).days * IDS_PER_DAY + place)


def day_of(identity: str) -> date | None:
    """Give the day whose seeded receipts hold an id; None for what is no id of ours."""
    if not identity.isascii() or not identity.isdigit() or len(identity) > 12:
        return None
    return EPOCH + timedelta(days=int(identity) // IDS_PER_DAY)


def receipts_of(seed: int, day: date, count: int = 5000, *, huge: bool = False) -> tuple[Receipt, ...]:
    """Give the receipts of a day in the order of their ids.

    From a hundred receipts on, twelve of them carry one bad line each (two of every `Flaw`) and one is
    void; `huge` adds one with a line of more cents than a binary float counts. `ValueError` for a count that
    ids cannot hold.
    """
    if not 0 <= count < ADDED_FROM:
        raise ValueError(f"a day holds 0 to {ADDED_FROM - 1} receipts, not {count}")
    rng = Random(f"receipts/{seed}/{day.isoformat()}")
    moments = sorted(rng.randrange(OPENS, CLOSES) for _ in range(count))
    planted = _planted(rng, seed, count, huge=huge)
    return tuple(
        _issued(rng, seed, day, place, second, planted.get(place) or _sale(rng, seed))
        for place, second in enumerate(moments, start=1)
    )


def _planted(rng: Random, seed: int, count: int, *, huge: bool) -> Mapping[int, Sale]:
    sales = [*_flawed(rng, seed), _void(seed)] if count >= PLANTED_FROM else []
    if huge and count:
        sales.append(Sale("GBP", (SalesLine("1", HUGE),)))
    return dict(zip(rng.sample(range(1, count + 1), len(sales)), sales, strict=True))


def _void(seed: int) -> Sale:
    item = catalogue.items(seed)[0]
    return Sale(catalogue.HOME, (SalesLine(item.id, Decimal(0), Decimal(0), item.price),), void=True)


def _flawed(rng: Random, seed: int) -> list[Sale]:
    """Plan two sales of each flaw. Each breaks one rule only: whatever else could be checked on it holds."""
    first, second = rng.sample(catalogue.items(seed)[:50], 2)
    pairs = ((first, Decimal(2)), (second, Decimal(3)))
    sales = [Sale(_currency(rng), (line,)) for line in _flawed_without_item_price(first.id, second.id)]
    for item, quantity in pairs:
        product, price = item.price * quantity, item.price
        unknown = "9999" if item is first else "9998"
        lines = (
            SalesLine(unknown, product, quantity, price, flaw=Flaw.UNKNOWN_ITEM),
            SalesLine(item.id, product + quantity, quantity, price, flaw=Flaw.WRONG_PRODUCT),
            SalesLine(None, product, quantity, price, flaw=Flaw.NO_ITEM),
        )
        sales += [Sale(_currency(rng), (line,)) for line in lines]
        sales.append(
            Sale(catalogue.UNRATED, (SalesLine(item.id, product, quantity, price, flaw=Flaw.NO_RATE),))
        )
    return sales


def _flawed_without_item_price(first: str, second: str) -> tuple[SalesLine, ...]:
    return (
        SalesLine(first, Decimal("12.345"), flaw=Flaw.THREE_DECIMALS),
        SalesLine(second, Decimal("7.005"), flaw=Flaw.THREE_DECIMALS),
        SalesLine(first, Decimal("25.5"), quantity=Decimal(-2), flaw=Flaw.NEGATIVE_QUANTITY),
        SalesLine(second, Decimal(40), quantity=Decimal(-1), flaw=Flaw.NEGATIVE_QUANTITY),
    )


def _sale(rng: Random, seed: int) -> Sale:
    currency = _currency(rng)
    taxes = _taxes(rng, currency)
    lines = tuple(_line(rng, seed, taxed=bool(taxes)) for _ in range(rng.randint(1, 5)))
    discount = Decimal(rng.choice((5, 10, 15))) if rng.random() < 0.15 else None
    return Sale(currency, lines, discount, taxes if any(line.taxable for line in lines) else ())


def _currency(rng: Random) -> str:
    return rng.choices(("USD", "EUR", "GBP"), (70, 20, 10))[0]


def _taxes(rng: Random, currency: str) -> tuple[TaxRate, ...]:
    if currency != catalogue.HOME:
        return (catalogue.CITY_TAX,) if rng.random() < 0.3 else ()
    return rng.choice(((), (catalogue.STATE_TAX,), (catalogue.STATE_TAX, catalogue.COUNTY_TAX)))


def _line(rng: Random, seed: int, *, taxed: bool) -> SalesLine:
    everything = catalogue.items(seed)
    retired = everything[int(catalogue.SOLD_INACTIVE) - 1]
    item = retired if rng.random() < 0.01 else rng.choice(everything[:54])
    taxable = taxed and rng.random() < 0.8
    if rng.random() < 0.1:
        return SalesLine(item.id, item.price, taxable=taxable)
    halves = rng.randint(1, 12)
    price = item.price if halves % 2 == 0 else (item.price / 2).quantize(CENT, ROUND_HALF_UP) * 2
    quantity = Decimal(halves) / 2
    return SalesLine(item.id, (quantity * price).quantize(CENT), quantity, price, taxable=taxable)


def _issued(rng: Random, seed: int, day: date, place: int, second: int, sale: Sale) -> Receipt:
    created = datetime.combine(day, time(second // 3600, second // 60 % 60, second % 60), PACIFIC)
    foreign = sale.currency != catalogue.HOME
    buyer = rng.choice(catalogue.CUSTOMERS[:-1]).id if rng.random() < 0.7 else None
    return Receipt(
        id=receipt_id(day, place),
        day=day,
        currency=sale.currency,
        lines=sale.lines,
        created=created,
        updated=created,
        number=f"S{day:%y%m%d}-{place:05}" if rng.random() < 0.85 else None,
        customer=buyer,
        rate=catalogue.rate(seed, sale.currency, day) if foreign else None,
        discount_percent=sale.discount_percent,
        taxes=sale.taxes,
        void=sale.void,
    )
