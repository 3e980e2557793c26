"""Geometry of a column chart, in SVG units; the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

WIDTH, HEIGHT = 720, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 12, 28
TICKS = 5


@dataclass(frozen=True)
class Column:
    """One bar, from the zero line up or down. `label` stands below it where one is due."""

    name: str
    value: Decimal
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Mark:
    """A label on an axis, at its place along it."""

    text: str
    at: float
    zero: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart ready to be drawn. Places without a value have no column."""

    columns: tuple[Column, ...]
    values: tuple[Mark, ...]
    names: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def columns(series: Sequence[tuple[str, Decimal | None]], label_every: int) -> Chart:
    """Lay out named values; every so many names, counted from the last, are written below their column."""
    values = [value for _, value in series if value is not None]
    ticks = _ticks(min(values, default=Decimal()), max(values, default=Decimal()))
    pitch = (WIDTH - LEFT - RIGHT) / len(series)

    def y(value: Decimal) -> float:
        part = float((value - ticks[0]) / (ticks[-1] - ticks[0]))
        return round(HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM), 2)

    def x(place: int) -> float:
        return LEFT + place * pitch

    zero = y(Decimal())
    return Chart(
        columns=tuple(
            Column(
                name=name,
                value=value,
                x=round(x(place) + pitch * 0.14, 2),
                y=min(y(value), zero),
                width=round(pitch * 0.72, 2),
                height=round(abs(y(value) - zero), 2),
            )
            for place, (name, value) in enumerate(series)
            if value is not None
        ),
        values=tuple(Mark(_compact(tick), y(tick), tick == 0) for tick in ticks),
        names=tuple(
            Mark(name, round(x(place) + pitch / 2, 2))
            for place, (name, _) in enumerate(series)
            if (len(series) - 1 - place) % label_every == 0
        ),
    )


def _ticks(lowest: Decimal, highest: Decimal) -> list[Decimal]:
    """Give round values, zero among them, that enclose all values."""
    low, high = min(lowest, Decimal()), max(highest, Decimal())
    step = _round_step((high - low) / TICKS or Decimal(1))
    first = int((low / step).to_integral_value(ROUND_FLOOR))
    last = max(int((high / step).to_integral_value(ROUND_CEILING)), first + 1)
    return [step * place for place in range(first, last + 1)]


def _round_step(least: Decimal) -> Decimal:
    """Give the smallest of 1, 2, 5, 10 times a power of ten that is at least as large."""
    power = Decimal(10) ** least.adjusted()
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)


def _compact(value: Decimal) -> str:
    for power, letter in ((9, "bn"), (6, "m"), (3, "k")):
        if abs(value) >= Decimal(10) ** power:
            return f"{value.scaleb(-power).normalize():f}{letter}"
    return f"{value.normalize():f}"
