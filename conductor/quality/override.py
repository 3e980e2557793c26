"""The override: a named person lets a batch go on that failed its gate, knowing which expectations did not hold."""

from __future__ import annotations

from collections.abc import Sequence

from conductor.errors import FixTheConfiguration, StopAndCall
from conductor.ledger import Ledger
from conductor.values import Batch, FailedExpectation, Gated, Override

WHAT = "failed gate"
"""What such an approval allows, in the ledger."""
VERDICT = "verdict"
"""Under this name the ledger remembers the last verdict that held a batch."""


def allow(ledger: Ledger, batch: Batch, by: str, reason: str) -> Gated:
    """Record that a person lets a batch pass its gate, with the expectations that it failed; give the verdict that held it.

    `FixTheConfiguration` for a batch that no gate holds; `StopAndCall` where the gate could
    not judge, for then nobody knows what would be allowed.
    """
    held = ledger.remembered(batch.id, VERDICT, Gated)
    if held is None or ledger.remembered(batch.id, "gate", Gated):
        raise FixTheConfiguration(
            f"batch {batch.id} has not failed its gate: there is nothing to allow",
            next_command=f"conductor explain {batch.id}",
        )
    if not held.judged:
        raise StopAndCall(
            f"the gate could not judge batch {batch.id}: {failures(held.failed)}; nobody can allow what is not known",
            next_command=f"conductor run nightly-financials --day {batch.slot.day.isoformat()}",
        )
    ledger.approve(batch.id, WHAT, by=by, reason=reason, details=failures(held.failed))
    return held


def override(ledger: Ledger, verdict: Gated) -> Override | None:
    """Give the approval of what a batch fails; one that was given of other failures, or of another batch, is none."""
    given = ledger.approval(verdict.batch.id, WHAT) if verdict.judged else None
    if given is None or given.details != failures(verdict.failed):
        return None
    return Override(by=given.by, reason=given.reason, at=given.at)


def failures(failed: Sequence[FailedExpectation]) -> str:
    """Name the expectations that did not hold."""
    return "; ".join(f"{each.expectation} on {each.column}" for each in failed)
