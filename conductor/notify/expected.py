"""How many rows a day lets expect, from the days before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low

from conductor.ledger import Ledger
from conductor.values import Loaded, Slot

WINDOW = timedelta(weeks=4)


@dataclass(frozen=True)
class Expected:
    """About how many rows, and the last day before that had any; None where there was none."""

    rows: int
    last_good: date | None


def expected(ledger: Ledger, slot: Slot, usual: int | None) -> Expected:
    """Say what the earlier days of a slot's dataset let expect of it; `usual` is the contract's word where there are none."""
    earlier = [
        other for other in ledger.slots(slot.dataset) if other.part == slot.part and other.day < slot.day
    ]
    loaded = {other.day: rows for other in earlier if (rows := _loaded_rows(ledger, other)) is not None}
    good = [day for day, rows in loaded.items() if rows]
    return Expected(about(slot.day, loaded, usual or 0), max(good, default=None))


def about(day: date, loaded: Mapping[date, int], otherwise: int) -> int:
    """Give the median of the same weekdays of four weeks, to two digits; of all their days where the weekday is new.

    A shop that is closed on Sundays lets expect nothing of a Sunday.
    """
    near = {other: rows for other, rows in loaded.items() if day - other <= WINDOW}
    same = [rows for other, rows in near.items() if other.weekday() == day.weekday()]
    rows = median_low(same or near.values()) if near else otherwise
    return round(rows, 2 - len(str(rows)))


def _loaded_rows(ledger: Ledger, slot: Slot) -> int | None:
    """Give the rows of the newest version that reached the warehouse."""
    for row in reversed(ledger.history(slot)):
        if loaded := ledger.remembered(row.batch.id, "load", Loaded):
            return loaded.rows
    return None
