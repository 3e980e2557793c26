"""A batch that fails the same way again and again is put aside; the rest goes on, and a mended cause is a new start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from books import comes_to
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from shipping import installed

from conductor.ledger import BatchRow
from conductor.values import Slot

BAD = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=BAD)
NIGHTS = [BAD + timedelta(days=n) for n in range(1, 4)]


def test_a_bad_day_is_put_aside_while_every_night_is_carried(new_site: Callable[..., Site]) -> None:
    here = new_site(receipts_per_day=30, days={BAD: 0})
    assert here.run(BAD, poison_after=2).code == 1
    assert newest(here).state == "refined"

    # The first night tries the day again, in vain for the second time; its own day it carries all the same.
    first = here.run(NIGHTS[0], poison_after=2)
    assert first.code == 1
    assert first.error.error == "FixTheData"
    assert SLOT.id in first.error.sentence
    comes_to(here, NIGHTS[0], expected(SEED, here.sandbox.receipts(NIGHTS[0])), version=1)
    aside = newest(here)
    assert aside.state == "dead"
    assert (aside.note or "").startswith("put aside after 2 equal failures: ")
    assert "never empty" in (aside.note or "")

    second = here.run(NIGHTS[1], poison_after=2).well()
    assert not [line for line in second.told if line.slot == SLOT.id]
    comes_to(here, NIGHTS[1], expected(SEED, here.sandbox.receipts(NIGHTS[1])), version=1)

    named = here.run(BAD, poison_after=2)
    assert named.code == 1
    assert named.error.sentence == first.error.sentence
    assert newest(here).state == "dead"

    here.sandbox.add(BAD, "EUR", Decimal("19.90"))
    here.run(BAD, poison_after=2).well()
    comes_to(here, BAD, expected(SEED, here.sandbox.receipts(BAD)), version=2, refused=1)


def test_a_mended_contract_is_a_new_start(new_site: Callable[..., Site], tmp_path: Path) -> None:
    here, installation = new_site(receipts_per_day=30), installed(tmp_path / "installation")
    good, impossible = (
        "logicalTypeOptions: {minimum: 0.000001, maximum: 99}",
        "logicalTypeOptions: {minimum: 98}",
    )
    installation.change_contract(good, impossible)
    for _ in range(2):
        assert installation.run(here, BAD, poison_after=2).error.error == "FixTheData"
    assert newest(here).state == "dead"

    installation.change_contract(impossible, good)
    installation.run(here, BAD, poison_after=2).well()
    comes_to(here, BAD, expected(SEED, here.sandbox.receipts(BAD)), version=1)

    # The failures are forgotten: another one is the first.
    here.clock.advance(timedelta(hours=1))
    here.sandbox.change_line(here.sandbox.receipts(BAD)[0].id, 1, Decimal("12.34"))
    installation.change_contract(good, impossible)
    assert installation.run(here, BAD, poison_after=2).error.error == "FixTheData"
    assert (newest(here).batch.version, newest(here).state) == (2, "refined")


def newest(here: Site) -> BatchRow:
    """Give the bad day's newest version."""
    workspace = here.workspace()
    try:
        current = workspace.ledger.current(SLOT)
        assert current is not None
        return current
    finally:
        workspace.close()
