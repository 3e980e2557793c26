"""Judge a batch before anyone sees it."""

from __future__ import annotations

from conductor import zones
from conductor.contracts.expectations import expectations
from conductor.errors import FixTheData
from conductor.notify.expected import expected
from conductor.quality import docs
from conductor.quality.gate import judge
from conductor.quality.override import VERDICT, override
from conductor.quality.verdict import Limits
from conductor.values import Gated, Refined, State
from flows.steps.measure import measured
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Gated, state=State.GATED)
def gate(turn: Turn, refined: Refined) -> Gated:
    """Run the contract's expectations with Great Expectations on the accepted rows and the counts, and write a page for people.

    What does not pass, or can't be judged, is `FixTheData`: nothing that depends on it goes on, unless a named person has
    allowed just these failures of just this batch. Repeats: judges again.
    """
    with measured() as cost:
        verdict = _verdict(turn, refined)
    if verdict.passed:
        return verdict
    if allowed := override(turn.workspace.ledger, verdict):
        return verdict.model_copy(update={"override": allowed})
    turn.workspace.ledger.remember(
        refined.batch.id,
        VERDICT,
        verdict,
        state=None,
        rows=None,
        seconds=cost.seconds,
        peak_mib=cost.peak_mib,
        epoch=turn.lease.epoch,
    )
    raise FixTheData(
        _sentence(turn, refined, verdict),
        next_command=f"conductor explain {refined.batch.id}, page {zones.docs()}/{verdict.docs_key}",
    )


def _verdict(turn: Turn, refined: Refined) -> Gated:
    """Judge the batch and write its page."""
    workspace, contract = turn.workspace, turn.product.contract
    files = workspace.table(contract).uris(refined.files)
    usual = expected(workspace.ledger, turn.slot, contract.usual_rows).rows
    suite = expectations(contract, usual)
    limits = Limits(sample_above=workspace.settings.gate_full_rows)
    verdict = judge(contract, suite, refined, files, workspace.lake.storage_options(), limits)
    page = docs.write(workspace.lake, workspace.home / "docs", contract, refined, verdict)
    return Gated(
        batch=refined.batch,
        passed=verdict.passed,
        expectations=verdict.expectations,
        failed=verdict.failed,
        warnings=verdict.warnings,
        judged=verdict.judged,
        docs_key=page,
    )


def _sentence(turn: Turn, refined: Refined, verdict: Gated) -> str:
    if not (refined.counts.records or turn.product.contract.empty_day_allowed):
        worst = "the source has nothing for the day, and a day of this product is never empty"
    else:
        worst = "; ".join(
            f"{failed.expectation} on {failed.column}: {failed.observed}" for failed in verdict.failed[:3]
        )
    return f"{turn.slot.id} does not keep its contract: {worst}"
