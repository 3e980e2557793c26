"""What the gate says of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from conductor.values import FailedExpectation


@dataclass(frozen=True)
class Limits:
    """What the gate allows, and what it has Great Expectations look at.

    Where more than `rejected_share` of the records (a part of 1) was rejected, the source or the contract is
    wrong rather than rows. Up to `sample_above` rows Great Expectations looks at all of them; of larger batches every
    expectation is counted over all rows in one pass, and Great Expectations looks at about `sample` rows, always the
    same, as a check of that count.
    """

    rejected_share: Decimal = Decimal("0.5")
    sample_above: int = 20_000
    sample: int = 5_000
    seed: int = 0


@dataclass(frozen=True)
class Verdict:
    """Whether a batch may go on, how many expectations were asked, which did not hold, and the page about it.

    `failed` are those of severity error: one of them, and `passed` is False. `warnings` stop nothing. Neither
    the page nor the texts hold values of classified columns. `judged` is False where something could not be computed
    or two ways of counting disagree: then it is not known what is wrong, and no person can allow it.
    """

    passed: bool
    expectations: int
    failed: tuple[FailedExpectation, ...]
    warnings: tuple[FailedExpectation, ...]
    html: str
    judged: bool = True
