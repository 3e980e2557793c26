"""A run that is killed, at each step's boundary or anywhere, and one that is run after it: the same end as without."""

from __future__ import annotations

import random
import signal
import time
from datetime import date

import pytest
from pipeline.end_state import EndState, end_state
from pipeline.fixtures import NewSite
from pipeline.runs import At
from pipeline.site import PRODUCT, Ended

DAY = date(2026, 3, 2)
SEED = 31
BEFORE_THE_BATCH = ("extract", "land", "back_up", "version")
STEPS = (*BEFORE_THE_BATCH, "refine", "gate", "publish", "load", "build", "post", "announce", "archive")
# `done`: the effect stands and the ledger does not know; `finished`: the ledger knows. Before the batch is known the ledger is
# not told, and the two are one.
BOUNDARIES = [
    *(At(PRODUCT, step, "done") for step in STEPS),
    *(At(PRODUCT, step, "finished") for step in STEPS if step not in BEFORE_THE_BATCH),
    *(At("finance/fx_rates", step, "done") for step in ("land", "refine", "publish")),
    At("finance/fx_rates", "publish", "finished"),
]
Unkilled = tuple[EndState, Ended]


@pytest.fixture(scope="session")
def unkilled(any_site: NewSite) -> Unkilled:
    """The end of a run that nobody killed."""
    here = any_site()
    ended = here.run(DAY).well()
    return end_state(here), ended


def test_no_step_of_the_road_is_left_out(unkilled: Unkilled) -> None:
    assert unkilled[1].worked(f"{PRODUCT}/{DAY}") == STEPS


@pytest.mark.sample(lambda case: BOUNDARIES.index(case["boundary"]) % 5 == 0)
@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
def test_a_run_killed_at_a_boundary_ends_as_if_nobody_had(
    any_site: NewSite, unkilled: Unkilled, boundary: At
) -> None:
    here = any_site()
    assert here.run(DAY, kill=boundary).code == -signal.SIGKILL
    here.run(DAY).well()
    assert end_state(here).differences(unkilled[0]) == []
    assert here.audited() == []


def test_runs_killed_anywhere_end_as_if_nobody_had(any_site: NewSite, unkilled: Unkilled) -> None:
    print("seed", SEED)
    rng = random.Random(SEED)
    here = any_site()
    for _ in range(6):
        running = here.start(DAY)
        time.sleep(rng.uniform(0.3, 9.0))
        running.process.kill()
        running.wait()
    here.run(DAY).well()
    assert end_state(here).differences(unkilled[0]) == []
    assert here.audited() == []
