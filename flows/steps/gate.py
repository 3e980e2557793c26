"""Judge a batch before anyone sees it."""

from __future__ import annotations

from conductor import zones
from conductor.contracts.expectations import expectations
from conductor.errors import FixTheData
from conductor.notify.expected import expected
from conductor.quality import docs
from conductor.quality.gate import judge
from conductor.values import Gated, Refined, State
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Gated, state=State.GATED)
def gate(turn: Turn, refined: Refined) -> Gated:
    """Run the contract's expectations with Great Expectations on the accepted rows and the counts, and write a page for people.

    What does not pass, or can't be judged, is `FixTheData`: nothing that depends on it goes on. Repeats: judges again.
    """
    workspace, contract = turn.workspace, turn.product.contract
    files = workspace.table(contract).uris(refined.files)
    usual = expected(workspace.ledger, turn.slot, contract.usual_rows).rows
    suite = expectations(contract, usual)
    verdict = judge(contract, suite, refined, files, workspace.lake.storage_options())
    page = docs.write(workspace.lake, workspace.home / "docs", contract, refined, verdict)
    if not verdict.passed:
        worst = "; ".join(
            f"{failed.expectation} on {failed.column}: {failed.observed}" for failed in verdict.failed[:3]
        )
        if not (refined.counts.records or contract.empty_day_allowed):
            worst = "the source has nothing for the day, and a day of this product is never empty"
        raise FixTheData(
            f"{turn.slot.id} does not keep its contract: {worst}",
            next_command=f"conductor explain {refined.batch.id}, page {zones.docs()}/{page}",
        )
    return Gated(
        batch=refined.batch,
        passed=True,
        expectations=verdict.expectations,
        failed=verdict.failed,
        docs_key=page,
    )
