"""A build that takes longer than a lease lasts without a sign of life, and one that comes while another is under way."""

from __future__ import annotations

from datetime import date, timedelta

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


def test_a_build_waits_for_what_a_killed_pod_still_holds(new_site: NewSite) -> None:
    """Nobody can ask on another machine whether the holder lives: its lease has to run out."""
    here = new_site()
    workspace = here.workspace()
    try:
        name, holder = f"build:{workspace.name}", "another-machine|1|1|another-run"
        held = workspace.ledger.acquire(name, holder, timedelta(seconds=40), lambda _: True)
        here.run(DAY).well()
        current = workspace.ledger.current(Slot(dataset=PRODUCT, day=DAY))
        assert current is not None
        [built] = [step for step in workspace.ledger.steps(current.batch.id) if step.step == "build"]
        assert built.finished_at > held.expires_at
    finally:
        workspace.close()
