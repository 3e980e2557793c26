"""The receipts of a company as they stand: the seed, and over it what changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from sandbox.quickbooks import catalogue
from sandbox.quickbooks.receipts import PACIFIC, Deleted, Receipt, SalesLine
from sandbox.quickbooks.seed import ADDED_FROM, day_of, receipt_id, receipts_of

DAYS_KEPT = 35


@dataclass
class Changes:
    """What differs from the seed, by receipt id. A deleted receipt is in `deleted` only."""

    current: dict[str, Receipt] = field(default_factory=dict[str, Receipt])
    deleted: dict[str, Deleted] = field(default_factory=dict[str, Deleted])
    added: int = 0


class ReceiptBook:
    """The receipts of one company.

    `count_of` says how many receipts the seed holds for a day. Days are made when first asked for.
    Edits raise `KeyError` for a receipt that is not there and `ValueError` for one that cannot be.
    """

    def __init__(
        self, seed: int, count_of: Callable[[date], int], changes: Changes, *, huge: bool = False
    ) -> None:
        self.seed = seed
        self._changes = changes

        def seeded(day: date) -> dict[str, Receipt]:
            made = receipts_of(seed, day, count_of(day), huge=huge)
            return {receipt.id: receipt for receipt in made}

        self._seeded = lru_cache(maxsize=DAYS_KEPT)(seeded)

    def of(self, day: date) -> list[Receipt]:
        """Give the receipts that carry the date now, in the order of their ids."""
        moved = [receipt for receipt in self._changes.current.values() if receipt.day == day]
        return sorted([*self._untouched(day), *moved], key=lambda receipt: int(receipt.id))

    def between(self, first: date, last: date) -> Iterator[Receipt]:
        """Give the untouched receipts of the days and all that were ever changed or added."""
        for offset in range((last - first).days + 1):
            yield from self._untouched(first + timedelta(days=offset))
        yield from self._changes.current.values()

    def get(self, identity: str) -> Receipt | None:
        """Give a receipt by its id; None where there is none (any more)."""
        if identity in self._changes.deleted:
            return None
        if identity in self._changes.current:
            return self._changes.current[identity]
        day = day_of(identity)
        return self._seeded(day).get(identity) if day else None

    def changed(self, since: datetime, now: datetime, limit: int) -> list[Receipt | Deleted]:
        """Give what was created, changed or deleted from `since` to `now`, oldest first, at most `limit`."""
        edits = [*self._changes.current.values(), *self._changes.deleted.values()]
        found = [each for each in edits if since <= each.updated <= now]
        found += _first(self._created(since, now), limit)
        return sorted(found, key=lambda each: each.updated)[:limit]

    def change_line(self, identity: str, line: int, amount: Decimal, at: datetime) -> Receipt:
        """Give a sales line (counted from 1) another amount of at most two decimals."""
        old = self._existing(identity)
        if not 1 <= line <= len(old.lines):
            raise ValueError(f"receipt {identity} has no line {line}")
        return self._keep(old.with_amount(line - 1, _cents(amount), at))

    def void(self, identity: str, at: datetime) -> Receipt:
        """Void a receipt: it stays, with zero amounts."""
        return self._keep(self._existing(identity).voided(at))

    def move(self, identity: str, day: date, at: datetime) -> Receipt:
        """Give a receipt another date."""
        return self._keep(self._existing(identity).revised(at, day=day))

    def delete(self, identity: str, at: datetime) -> Deleted:
        """Delete a receipt: only change capture still speaks of it."""
        self._existing(identity)
        self._changes.current.pop(identity, None)
        stub = self._changes.deleted[identity] = Deleted(identity, at.astimezone(PACIFIC))
        return stub

    def add(self, day: date, currency: str, amount: Decimal, at: datetime) -> Receipt:
        """Add a good receipt of one amount-only line to a day, as somebody who types in a forgotten sale."""
        if currency not in catalogue.CURRENCIES:
            raise ValueError(f"the company does not sell in {currency!r}")
        line = SalesLine("1", _cents(amount))
        self._changes.added += 1
        identity = receipt_id(day, ADDED_FROM + self._changes.added)
        rate = catalogue.rate(self.seed, currency, day) if currency != catalogue.HOME else None
        now = at.astimezone(PACIFIC)
        return self._keep(Receipt(identity, day, currency, (line,), now, now, rate=rate))

    def _untouched(self, day: date) -> Iterator[Receipt]:
        changes = self._changes
        for identity, receipt in self._seeded(day).items():
            if identity not in changes.current and identity not in changes.deleted:
                yield receipt

    def _created(self, since: datetime, now: datetime) -> Iterator[Receipt]:
        day, last = since.astimezone(PACIFIC).date(), now.astimezone(PACIFIC).date()
        while day <= last:
            yield from (receipt for receipt in self._untouched(day) if since <= receipt.updated <= now)
            day += timedelta(days=1)

    def _existing(self, identity: str) -> Receipt:
        found = self.get(identity)
        if found is None:
            raise KeyError(f"there is no receipt {identity}")
        return found

    def _keep(self, receipt: Receipt) -> Receipt:
        self._changes.current[receipt.id] = receipt
        return receipt


def _first(receipts: Iterable[Receipt], limit: int) -> list[Receipt]:
    return [receipt for receipt, _ in zip(receipts, range(limit), strict=False)]


def _cents(amount: Decimal) -> Decimal:
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"{amount} is not in whole cents")
    return amount
