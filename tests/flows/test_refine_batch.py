"""A batch that is refined by a run of its own, on another engine, goes on from there as if nothing had been."""

from __future__ import annotations

from datetime import date

import pytest
from pipeline.fixtures import NewSite
from pipeline.runs import At
from pipeline.site import PRODUCT, Site

from conductor.engines.spark_session import missing_part
from conductor.values import Refined, Slot

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
MISSING = missing_part()


def refined(here: Site) -> Refined:
    workspace = here.workspace()
    try:
        batch = workspace.ledger.current(SLOT).batch.id
        return workspace.ledger.remembered(batch, "refine", Refined)
    finally:
        workspace.close()


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_batch_is_refined_on_spark_once_and_the_nightly_run_takes_it_from_there(new_site: NewSite) -> None:
    here = new_site()
    here.run(DAY, kill=At(PRODUCT, "refine", "started"))
    workspace = here.workspace()
    batch = workspace.ledger.current(SLOT).batch.id
    workspace.close()

    first = here.run(refine={"batch": batch, "engine": "spark"}).well()
    done = refined(here)
    again = here.run(refine={"batch": batch, "engine": "polars"}).well()
    night = here.run(DAY).well()

    assert first.worked(SLOT.id) == ("refine",)
    assert (done.choice.engine, done.choice.reason) == ("spark", "the run asks for spark")
    assert again.worked(SLOT.id) == ()
    assert "refine" not in night.worked(SLOT.id)
    assert "publish" in night.worked(SLOT.id)
    assert refined(here) == done
    assert here.audited() == []
