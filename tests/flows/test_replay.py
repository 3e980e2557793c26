"""Mended rows come home exactly once, and stay."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from books import Mend, comes_to, entries_posted, mended, newest
from pipeline.end_state import end_state
from pipeline.expected import expected
from pipeline.runs import At
from pipeline.site import PRODUCT, SEED, Site
from typed import typed
from unit.notify.receiver import Receiver

from conductor.values import Landed, Refined, Slot
from sandbox.quickbooks.receipts import CENT, Flaw

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
ITEM = "Line.SalesItemLineDetail.ItemRef.value"
WHO = {"by": "Ada", "reason": "the till's mistake"}
NOTHING_NEW = ("extract", "land", "back_up", "version")


def as_it_was(line: Any) -> Any:
    return line


def in_cents(line: Any) -> Any:
    return replace(line, amount=line.amount.quantize(CENT, ROUND_HALF_UP))


def setting(batch: str, reason: str, **assignments: str) -> dict[str, Any]:
    """Give a replay that sets values in all rows rejected for a reason."""
    return {"batch": batch, "where": {"_reasons": reason}, "assignments": assignments, **WHO}


def test_set_values_come_home_once_and_outlive_later_nights(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(DAY).well()
    mends: dict[Flaw, Mend] = {Flaw.UNKNOWN_ITEM: as_it_was}
    correction = setting(newest(here, SLOT), "UNKNOWN_ITEM", **{ITEM: "1"})

    here.run(replay=correction).well()
    comes_to(here, DAY, mended(here.sandbox.receipts(DAY), mends), version=2)
    assert [found.rows for found in corrections(here)] == [2]
    assert reasons_set_aside(here).isdisjoint({"UNKNOWN_ITEM"})

    before = end_state(here)
    here.sandbox.clear_requests()
    here.run(replay=correction).well()
    assert end_state(here).differences(before) == []
    assert entries_posted(here) == 0

    assert here.run(DAY).well().worked(SLOT.id) == NOTHING_NEW
    assert end_state(here).differences(before) == []

    here.clock.advance(timedelta(hours=1))
    good = next(found for found in here.sandbox.receipts(DAY) if not found.flawed and not found.void)
    here.sandbox.change_line(good.id, 1, Decimal("77.77"))
    here.run(DAY).well()
    comes_to(here, DAY, mended(here.sandbox.receipts(DAY), mends), version=3)


def test_rows_mended_in_a_spreadsheet_come_home(new_site: Callable[..., Site], tmp_path: Path) -> None:
    here = new_site()
    here.run(DAY).well()
    batch, exported, handed_in = newest(here, SLOT), tmp_path / "rejected.csv", tmp_path / "mended.csv"
    done = typed(here, "quarantine", "export", batch[:8], str(exported))
    assert done.returncode == 0, done.stderr

    with exported.open(encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["_reasons"] == "BAD_AMOUNT"]
    assert sorted(row["Line.Amount"] for row in rows) == ["12.345", "7.005"]
    for row in rows:
        row["Line.Amount"] = {"12.345": "12.35", "7.005": "7.01"}[row["Line.Amount"]]
    with handed_in.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    done = typed(here, "replay", batch[:8], "--file", str(handed_in), "--by", "Ada", "--reason", "cents")

    assert done.returncode == 0, done.stderr
    comes_to(here, DAY, mended(here.sandbox.receipts(DAY), {Flaw.THREE_DECIMALS: in_cents}), version=2)
    assert [found.rows for found in corrections(here)] == [2]
    assert reasons_set_aside(here).isdisjoint({"BAD_AMOUNT"})


def test_replays_killed_on_their_way_are_finished_by_the_same_words(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(DAY).well()
    first = newest(here, SLOT)
    killed = [
        (At(PRODUCT, "land", "done"), Flaw.UNKNOWN_ITEM, setting(first, "UNKNOWN_ITEM", **{ITEM: "1"})),
        (At(PRODUCT, "version", "done"), Flaw.NO_ITEM, setting(first, "MISSING_ITEM", **{ITEM: "1"})),
        (At(PRODUCT, "publish", "done"), Flaw.THREE_DECIMALS, setting(first, "BAD_AMOUNT", **{"Line.Amount": "9.99"})),
    ]  # fmt: skip
    mends: dict[Flaw, Mend] = {}
    for version, (boundary, flaw, correction) in enumerate(killed, start=2):
        assert here.run(replay=correction, kill=boundary).code == -signal.SIGKILL
        here.run(replay=correction).well()
        mends[flaw] = nine_ninety_nine if flaw is Flaw.THREE_DECIMALS else as_it_was
        comes_to(here, DAY, mended(here.sandbox.receipts(DAY), mends), version=version)
        assert len(corrections(here)) == version - 1


def nine_ninety_nine(line: Any) -> Any:
    return replace(line, amount=Decimal("9.99"))


def test_a_night_finishes_a_replay_that_was_killed(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(DAY).well()
    correction = setting(newest(here, SLOT), "UNKNOWN_ITEM", **{ITEM: "1"})
    assert here.run(replay=correction, kill=At(PRODUCT, "load", "started")).code == -signal.SIGKILL

    here.run(DAY + timedelta(days=1)).well()

    comes_to(here, DAY, mended(here.sandbox.receipts(DAY), {Flaw.UNKNOWN_ITEM: as_it_was}), version=2)


def test_a_correction_that_is_still_wrong_stays_rejected(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(DAY).well()
    wanted = expected(SEED, here.sandbox.receipts(DAY))

    here.run(replay=setting(newest(here, SLOT), "UNKNOWN_ITEM", **{ITEM: "no such item"})).well()

    comes_to(here, DAY, wanted, version=2)
    assert "UNKNOWN_ITEM" in reasons_set_aside(here)


def test_a_refused_correction_is_told_and_changes_nothing(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(DAY).well()
    before = end_state(here)

    with Receiver() as slack:
        correction = setting(newest(here, SLOT), "NO_SUCH_REASON", **{ITEM: "1"})
        refused = here.run(replay=correction, slack_webhook_url=slack.url)

    assert refused.code == 1
    assert refused.error.error == "FixTheData"
    assert refused.error.next == f"conductor explain {SLOT.id}"
    (notice,) = slack.received
    assert refused.error.sentence in json.loads(notice.body)["text"]
    assert end_state(here).differences(before) == []


def corrections(here: Site) -> list[Landed]:
    """Give the raw objects of people; each lies in the raw zone and corrects what the source gave."""
    workspace = here.workspace()
    try:
        found = workspace.ledger.objects(SLOT)
        given = {landed.object_id for landed in found if landed.corrects is None}
        people = [landed for landed in found if landed.corrects]
        assert {landed.corrects for landed in people} <= given
        assert all(workspace.raw.stat(landed.manifest.key) for landed in found)
        return people
    finally:
        workspace.close()


def reasons_set_aside(here: Site) -> set[str]:
    """Give the reasons of the newest version's rejected rows."""
    workspace = here.workspace()
    try:
        refined = workspace.ledger.remembered(newest(here, SLOT), "refine", Refined)
        assert refined is not None
        return {reason for reason, _ in refined.reasons}
    finally:
        workspace.close()


def test_a_replay_starts_from_what_the_source_gave_last_even_if_that_was_there_before(
    new_site: Callable[..., Site],
) -> None:
    here = new_site()
    here.run(DAY).well()
    here.clock.advance(timedelta(hours=1))
    added = here.sandbox.add(DAY, "EUR", Decimal("19.90"))
    here.run(DAY).well()
    here.clock.advance(timedelta(hours=1))
    here.sandbox.delete(added.id)
    here.run(DAY).well()

    here.run(replay=setting(newest(here, SLOT), "UNKNOWN_ITEM", **{ITEM: "1"})).well()

    comes_to(here, DAY, mended(here.sandbox.receipts(DAY), {Flaw.UNKNOWN_ITEM: as_it_was}), version=4)
