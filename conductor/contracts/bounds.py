"""What a number has to lie between, as the standard's comparisons say it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

from conductor.contracts.document import Node
from conductor.contracts.problems import Problems

DIGITS = 80
"""Enough for any number here; left alone, Decimal rounds to 28 digits."""
COMPARISONS = (
    "mustBe",
    "mustBeBetween",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
)


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a number may be; None where that side is open. `exclusive`: the bounds themselves are not allowed."""

    least: Decimal | None = None
    most: Decimal | None = None
    exclusive: bool = False

    def in_units(self, scale: int) -> tuple[int | None, int | None]:
        """Give the bounds, themselves allowed, of a number with that many decimals, counted in its smallest units."""
        with localcontext(prec=DIGITS):
            least, most = (None if end is None else end.scaleb(scale) for end in (self.least, self.most))
        step = int(self.exclusive)
        return (
            None if least is None else _whole(least, ROUND_CEILING) + step * (least == int(least)),
            None if most is None else _whole(most, ROUND_FLOOR) - step * (most == int(most)),
        )


def read_bounds(node: Node, problems: Problems) -> Bounds:
    """Read the comparison of a rule; one without an interval, or without numbers, is a fault."""
    said = [key for key in COMPARISONS if key in node.names()]
    if len(said) != 1:
        problems.add(node.line, f"a check has one of {', '.join(COMPARISONS)}; no other is judged here")
        return Bounds()
    key = said[0]
    values = node.texts(key) if key == "mustBeBetween" else (node.text(key),)
    numbers = [found for text in values if (found := _number(text)) is not None]
    if len(numbers) != len(values) or numbers != sorted(numbers):
        problems.add(node.line_of(key), f"`{key}` has to be a number, or two in their order")
        return Bounds()
    exclusive = key in ("mustBeGreaterThan", "mustBeLessThan")
    least = None if "Less" in key else numbers[0]
    most = None if "Greater" in key else numbers[-1]
    return Bounds(least, most, exclusive)


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _whole(number: Decimal, rounding: str) -> int:
    return int(number.quantize(Decimal(1), rounding, Context(prec=DIGITS)))
