"""A build that takes longer than a lease lasts without a sign of life."""

from __future__ import annotations

from datetime import date

from pipeline.fixtures import NewSite
from pipeline.site import PRODUCT

from conductor.values import Slot

DAY = date(2026, 3, 2)


def test_a_build_that_outlasts_its_lease_keeps_it(new_site: NewSite) -> None:
    here = new_site()
    # dbt alone needs more than a second to start.
    here.run(DAY, lease_seconds=1).well()
    workspace = here.workspace()
    try:
        current = workspace.ledger.current(Slot(dataset=PRODUCT, day=DAY))
        assert current is not None
        [built] = [step for step in workspace.ledger.steps(current.batch.id) if step.step == "build"]
        assert built.seconds > 1
        assert [lease.name for lease in workspace.ledger.leases()] == []
    finally:
        workspace.close()
