"""Nights on an accounting API that fails, by twenty seeds: right to the last cent, or refused with what to do."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from pipeline.end_state import daily_revenue, journal
from pipeline.expected import Day, difference, expected
from pipeline.fixtures import NewSite
from pipeline.site import PRODUCT, SEED, Site

from conductor.values import Refined, Slot
from sandbox.quickbooks import Fault, Faults

DAY = date(2026, 3, 2)
SEEDS = range(20)
# What a person is told, and where the way out lies, for what no patience gets through.
REFUSALS = {
    Fault.REVOKED_CONSENT: ("FixTheConfiguration", "conductor connect"),
    Fault.FORBIDDEN: ("FixTheConfiguration", "conductor connect"),
    Fault.ENDLESS_500: ("RetryLater", "conductor"),
    Fault.MONTH_THROTTLE: ("RetryLater", "conductor"),
}


def test_at_least_fifteen_of_the_seeds_can_be_recovered_from() -> None:
    assert sum(Faults.by_seed(seed).recoverable for seed in SEEDS) >= 15


# The sample has a few of what can be recovered from, and every refusal.
@pytest.mark.sample(lambda case: case["seed"] % 12 == 0 or Faults.by_seed(case["seed"]).permanent)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_night_on_a_failing_api_is_right_or_refused(new_site: NewSite, seed: int) -> None:
    faults = Faults.by_seed(seed)
    print("seed", seed, faults.description)
    here = new_site()
    here.sandbox.faults = faults
    # Small pages, so that there is a next one for things to happen before.
    ended = here.run(DAY, page_size=40, step_retries=1)
    if faults.permanent:
        error, command = REFUSALS[faults.permanent]
        assert ended.code == 1
        assert error in ended.error.kinds, ended.error
        assert ended.error.sentence
        assert command in (ended.error.next or "")
        assert figures(here) == ({}, Counter(), {})
        here.sandbox.faults = Faults()
        if faults.permanent is Fault.REVOKED_CONSENT:
            here.connect()
        ended = here.run(DAY, page_size=40)
    ended.well()
    wanted = expected(SEED, here.sandbox.receipts(DAY))
    assert figures(here) == (wanted.mart, wanted.rejected, difference(wanted, Day({}, Counter(), 0)))


def figures(here: Site) -> tuple[dict[str, tuple[object, ...]], Counter[str], dict[str, dict[str, object]]]:
    """Give the day's mart by currency, its rejected rows by reason and its journal entries by currency."""
    workspace = here.workspace()
    try:
        current = workspace.ledger.current(Slot(dataset=PRODUCT, day=DAY))
        if current is None:
            return ({}, Counter(), {})
        refined = workspace.ledger.remembered(current.batch.id, "refine", Refined)
        assert refined is not None
        entries = journal(here)
        assert len({currency for _, currency, _ in entries}) == len(entries)
        return (
            daily_revenue(workspace, DAY),
            Counter(dict(refined.reasons)),
            {currency: dict(lines) for _, currency, lines in entries},
        )
    finally:
        workspace.close()
