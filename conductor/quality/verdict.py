"""What the gate says of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from conductor.values import FailedExpectation


@dataclass(frozen=True)
class Limits:
    """What the gate allows, and how much it looks at.

    Where more than `rejected_share` of the records (a part of 1) was rejected, the source or the contract is
    wrong rather than rows. A batch of more than `sample_above` rows is judged on a sample of about that many or
    fewer, always the same; uniqueness, counts and sums are taken over all rows.
    """

    rejected_share: Decimal = Decimal("0.5")
    sample_above: int = 1_000_000
    seed: int = 0


@dataclass(frozen=True)
class Verdict:
    """Whether a batch may go on, how many expectations were asked, which did not hold, and the page about it.

    `failed` are those of severity error: one of them, and `passed` is False. `warnings` stop nothing. Neither
    the page nor the texts hold values of classified columns.
    """

    passed: bool
    expectations: int
    failed: tuple[FailedExpectation, ...]
    warnings: tuple[FailedExpectation, ...]
    html: str
