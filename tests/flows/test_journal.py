"""The group company's books say what the mart says, once: over versions, corrections, unknown outcomes and closed periods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from books import comes_to, entries_posted, mended, newest, postings, trial_balance
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from typed import answered, typed

from conductor.values import Slot
from sandbox.quickbooks import GROUP, SHOP, Fault, Faults
from sandbox.quickbooks.receipts import Flaw

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
ITEM = "Line.SalesItemLineDetail.ItemRef.value"


def test_the_books_hold_the_day_once_over_an_unknown_outcome_a_change_and_a_correction(
    new_site: Callable[..., Site],
) -> None:
    here = new_site()
    here.sandbox.faults = Faults.single("executed_then_reset")
    here.run(DAY).well()
    assert Fault.EXECUTED_THEN_RESET in {line.fault for line in here.sandbox.requests}
    comes_to(here, DAY, expected(SEED, here.sandbox.receipts(DAY)), version=1)

    here.clock.advance(timedelta(hours=1))
    good = next(found for found in here.sandbox.receipts(DAY) if not found.flawed and not found.void)
    here.sandbox.change_line(good.id, 1, Decimal("1234.56"))
    here.run(DAY).well()
    comes_to(here, DAY, expected(SEED, here.sandbox.receipts(DAY)), version=2)

    here.sandbox.faults = Faults.single("executed_then_reset")
    correction = {
        "assignments": {ITEM: "1"},
        "where": {"_reasons": "UNKNOWN_ITEM"},
        "by": "Ada",
        "reason": "typo",
    }
    here.run(replay={"batch": newest(here, SLOT), **correction}).well()
    wanted = mended(here.sandbox.receipts(DAY), {Flaw.UNKNOWN_ITEM: lambda line: line})
    comes_to(here, DAY, wanted, version=3)


def test_the_books_that_are_read_are_not_posted_to(new_site: Callable[..., Site]) -> None:
    here = new_site()

    refused = here.run(DAY, group_realm=SHOP.realm)

    assert refused.code == 1
    assert refused.error.error == "FixTheConfiguration"
    assert "group_realm" in (refused.error.next or "")
    assert entries_posted(here) == 0
    here.run(DAY).well()
    comes_to(here, DAY, expected(SEED, here.sandbox.receipts(DAY)), version=1)


def test_a_closed_period_waits_for_a_person_and_is_posted_on_the_day_they_name(
    new_site: Callable[..., Site],
) -> None:
    here = new_site()
    here.sandbox.close_books(GROUP.realm, DAY)

    waiting = here.run(DAY)

    assert waiting.code == 1
    assert waiting.error.error == "ApprovalNeeded"
    batch = newest(here, SLOT)
    assert (waiting.error.next or "").startswith(f"conductor approve {batch} ")
    assert "build" in waiting.worked(SLOT.id)
    assert "post" not in waiting.worked(SLOT.id)
    (story,) = answered(here, "explain", batch[:8])["stories"]
    assert story["state"] == "built"
    assert trial_balance(here, DAY) == {}

    open_day = DAY + timedelta(days=1)
    words = ("--by", "Ada", "--reason", "agreed with the auditor", "--post-on", str(open_day))
    done = typed(here, "approve", batch[:8], *words)
    assert done.returncode == 0, done.stderr
    again = here.run(DAY).well()

    assert again.worked(SLOT.id)[-3:] == ("post", "announce", "archive")
    assert not {"publish", "load", "build"} & set(again.worked(SLOT.id))
    wanted = expected(SEED, here.sandbox.receipts(DAY))
    comes_to(here, DAY, wanted, version=1)
    workspace = here.workspace()
    try:
        posted = workspace.books().find_entries("CC")
        approval = workspace.ledger.approval(batch, "closed period")
    finally:
        workspace.close()
    assert {entry.day for entry in posted} == {open_day}
    assert {entry.currency for entry in posted} == set(postings(wanted))
    assert approval is not None
    assert (approval.by, approval.reason, approval.details) == (
        "Ada",
        "agreed with the auditor",
        str(open_day),
    )
