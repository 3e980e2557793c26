"""A day without receipts: refused where the contract does not allow it, carried like any other where it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from books import comes_to, entries_posted, trial_balance
from pipeline.expected import Day, expected
from pipeline.site import PRODUCT, SEED, Site
from shipping import Installation, installed

from conductor.values import Slot

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
NOTHING = Day({}, Counter(), 0)
REFUSAL = "the source has nothing for the day, and a day of this product is never empty"


def lenient(folder: Path) -> Installation:
    """Make an installation whose contract allows an empty day."""
    made = installed(folder)
    setting = "  - {property: source, value: quickbooks}\n"
    made.change_contract(setting, setting + "  - {property: emptyDayAllowed, value: true}\n")
    return made


def test_a_day_that_may_not_be_empty_stops_before_anybody_sees_it(new_site: Callable[..., Site]) -> None:
    here = new_site(days={DAY: 0})

    refused = here.run(DAY)

    assert refused.code == 1
    assert refused.error.error == "FixTheData"
    assert refused.error.sentence.endswith(REFUSAL)
    assert (refused.error.next or "").startswith("conductor explain ")
    assert not {"publish", "load", "build", "post"} & set(refused.worked(SLOT.id))
    assert entries_posted(here) == 0


def test_receipts_that_come_late_bring_the_refused_day_home(new_site: Callable[..., Site]) -> None:
    here = new_site(days={DAY: 0})
    assert here.run(DAY).code == 1
    here.sandbox.add(DAY, "EUR", Decimal("19.90"))

    # The next night finds the day unfinished and asks for it again.
    here.run(DAY + timedelta(days=1)).well()

    workspace = here.workspace()
    try:
        current = workspace.ledger.current(SLOT)
    finally:
        workspace.close()
    assert current is not None
    assert (current.batch.version, current.state) == (2, "archived")
    (entry,) = trial_balance(here, DAY).items()
    assert entry == ("EUR", {"4": Decimal("19.90"), "79": Decimal("-19.90")})


def test_a_day_that_may_be_empty_is_carried_and_announced(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    here, lenient_one = new_site(days={DAY: 0}), lenient(tmp_path / "installation")

    carried = lenient_one.run(here, DAY).well()

    assert carried.worked(SLOT.id)[-1] == "archive"
    comes_to(here, DAY, NOTHING, version=1)
    assert entries_posted(here) == 0
    workspace = here.workspace()
    try:
        current = workspace.ledger.current(SLOT)
        assert current is not None
        types = [event.type for event in workspace.ledger.events(current.batch.id)]
    finally:
        workspace.close()
    assert types.count("conductor.data.ready") == 1


def test_a_day_that_loses_all_its_receipts_is_taken_back_from_mart_and_books(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    here, lenient_one = new_site(days={DAY: 3}), lenient(tmp_path / "installation")
    lenient_one.run(here, DAY).well()
    comes_to(here, DAY, expected(SEED, here.sandbox.receipts(DAY)), version=1)
    assert trial_balance(here, DAY)

    here.clock.advance(timedelta(hours=1))
    for receipt in here.sandbox.receipts(DAY):
        here.sandbox.delete(receipt.id)
    lenient_one.run(here, DAY).well()

    comes_to(here, DAY, NOTHING, version=2)
    assert trial_balance(here, DAY) == {}
