"""Three days, then one of them again with changes, carried by an attempt that slept past its lease and by another one."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from pipeline.end_state import daily_revenue, journal
from pipeline.expected import Day, difference, expected
from pipeline.fixtures import NewSite
from pipeline.runs import At
from pipeline.site import PRODUCT, SEED, Ended, Site

from conductor.journal import document_prefix
from conductor.values import Refined, Slot

MONDAY, TUESDAY, WEDNESDAY = DAYS = (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))


def test_three_days_and_a_changed_one_come_out_as_derived_by_hand(any_site: NewSite) -> None:
    here = any_site()
    for day in DAYS:
        here.run(day).well()
    first = {day: expected(SEED, here.sandbox.receipts(day)) for day in DAYS}
    assert all(sum(found.rejected.values()) == 12 for found in first.values())
    holds(here, first, versions={MONDAY: 1, TUESDAY: 1, WEDNESDAY: 1})
    assert posted(here) == {(day, 1): by_currency(first[day]) for day in DAYS}

    here.clock.advance(timedelta(hours=1))
    changed, also_changed, deleted, moved = good_receipts(here, TUESDAY)[:4]
    here.sandbox.change_line(changed, 1, Decimal("1234.56"))
    here.sandbox.change_line(also_changed, 1, Decimal("0.01"))
    here.sandbox.delete(deleted)
    here.sandbox.move(moved, WEDNESDAY)

    sleeper = here.start(TUESDAY, stall=At(PRODUCT, "publish", "started"), lease_seconds=3)
    sleeper.wait_until_stalled()
    second = once_the_lease_is_free(here, TUESDAY)
    assert "publish" in second.worked(f"{PRODUCT}/{TUESDAY}")
    assert "publish" in second.worked(f"{PRODUCT}/{WEDNESDAY}")
    sleeper.resume()
    overtaken = sleeper.wait()
    assert overtaken.code == 1
    assert overtaken.error.error == "LeaseLost"

    then = {day: expected(SEED, here.sandbox.receipts(day)) for day in DAYS}
    holds(here, then, versions={MONDAY: 1, TUESDAY: 2, WEDNESDAY: 2})
    assert posted(here) == {
        **{(day, 1): by_currency(first[day]) for day in DAYS},
        **{(day, 2): difference(then[day], first[day]) for day in (TUESDAY, WEDNESDAY)},
    }


def holds(here: Site, days: dict[date, Day], versions: dict[date, int]) -> None:
    """Compare marts, lake, quarantine and versions with what was derived."""
    workspace = here.workspace()
    try:
        table = workspace.table(workspace.product(PRODUCT).contract)
        for day, wanted in days.items():
            slot = Slot(dataset=PRODUCT, day=day)
            assert daily_revenue(workspace, day) == wanted.mart
            current = workspace.ledger.current(slot)
            assert current is not None
            assert current.batch.version == versions[day] == table.version(slot)
            assert sum(batch.num_rows for batch in table.read(slot)) == wanted.rows
            refined = workspace.ledger.remembered(current.batch.id, "refine", Refined)
            assert refined is not None
            assert Counter(dict(refined.reasons)) == wanted.rejected
        # One commit made the table, and each version of a slot is one more.
        commits = table.history()
        assert commits[0].table_version == sum(versions.values())
        assert Counter(commit.note.batch.slot.day for commit in commits) == Counter(versions)
    finally:
        workspace.close()


def posted(here: Site) -> dict[tuple[date, int], dict[str, dict[str, Decimal]]]:
    """Give what the group company's books say: by day and version, currency and account."""
    prefixes = {document_prefix(Slot(dataset=PRODUCT, day=day)): day for day in DAYS}
    found: dict[tuple[date, int], dict[str, dict[str, Decimal]]] = {}
    for document, currency, lines in journal(here):
        day, version = (
            prefixes[document[: len(document) - len(document.split("-", 1)[1])]],
            document.split("-")[2],
        )
        assert sum(amount for _, amount in lines) == 0
        entry = found.setdefault((day, int(version)), {})
        assert currency not in entry
        entry[currency] = dict(lines)
    return found


def by_currency(day: Day) -> dict[str, dict[str, Decimal]]:
    """Give what a first version has to post."""
    return difference(day, Day({}, Counter(), 0))


def good_receipts(here: Site, day: date) -> list[str]:
    """Give receipts that nothing is wrong with."""
    return [found.id for found in here.sandbox.receipts(day) if not found.flawed and not found.void]


def once_the_lease_is_free(here: Site, day: date) -> Ended:
    """Run as soon as the slot's lease has run out."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ended = here.run(day)
        if ended.error.error != "LeaseHeld":
            return ended.well()
        assert "publish" not in ended.worked(f"{PRODUCT}/{day}")
    raise AssertionError("the lease of a stopped run never ran out")
