"""Days that changed after they were read are found without any state but what was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from conductor.errors import FixTheConfiguration

from .conftest import Opener
from .vendor import Vendor, failing, receipt

TODAY = date(2026, 11, 20)
READ = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
"""When all days were read; the vendor's clock now shows four hours later."""
LATER, EARLIER = "2026-11-20T15:30:00-08:00", "2026-11-20T10:00:00-08:00"  # 23:30 and 18:00 UTC


@dataclass(frozen=True)
class Day:
    documents: int
    as_of: datetime = READ


def days(*back: int) -> tuple[date, ...]:
    return tuple(sorted(TODAY - timedelta(days=n) for n in back))


@pytest.fixture
def known(vendor: Vendor) -> dict[date, Day]:
    """Five days with three receipts each, but the day three days back was never read."""
    vendor.rows["SalesReceipt"] = [
        receipt(10 * back + n, day=str(TODAY - timedelta(days=back)), updated=EARLIER)
        for back in range(5)
        for n in range(3)
    ]
    return {day: Day(3) for day in days(0, 1, 2, 4)}


def changed(
    opened: Opener, known: dict[date, Day], lookback: int = 10, upto: date = TODAY
) -> tuple[date, ...]:
    return opened().changed_days("SalesReceipt", known, upto, lookback)


def test_nothing_changed_names_no_day(vendor: Vendor, opened: Opener, known: dict[date, Day]) -> None:
    assert changed(opened, known) == ()


def test_an_edited_receipt_names_its_day(vendor: Vendor, opened: Opener, known: dict[date, Day]) -> None:
    vendor.rows["SalesReceipt"][3]["MetaData"] = {"LastUpdatedTime": LATER}
    assert changed(opened, known) == days(1)


def test_a_deleted_receipt_names_its_day_though_change_capture_has_no_date_for_it(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.deleted.append(vendor.rows["SalesReceipt"].pop(6)["Id"])
    assert changed(opened, known) == days(2)


def test_a_moved_receipt_names_the_day_it_left_and_the_day_it_came_to(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.rows["SalesReceipt"][3] |= {"TxnDate": str(days(4)[0]), "MetaData": {"LastUpdatedTime": LATER}}
    assert changed(opened, known) == days(4, 1)


def test_a_back_dated_receipt_names_the_day_it_is_dated(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.rows["SalesReceipt"].append(receipt(900, day=str(days(2)[0]), updated=LATER))
    assert changed(opened, known) == days(2)


def test_a_day_that_lost_one_and_gained_one_is_named_though_its_count_is_the_same(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.rows["SalesReceipt"].pop(6)
    vendor.rows["SalesReceipt"].append(receipt(900, day=str(days(2)[0]), updated=LATER))
    assert changed(opened, known) == days(2)


def test_a_change_on_a_day_that_was_never_read_names_it(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.rows["SalesReceipt"][9]["MetaData"] = {"LastUpdatedTime": LATER}
    assert changed(opened, known) == days(3)


def test_a_day_read_after_the_change_is_left_alone(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    """The oldest clock asks far back, so changes are told that the other days' own clocks say they hold."""
    known[days(3)[0]] = Day(3)
    known[days(4)[0]] = Day(3, READ - timedelta(days=2))
    vendor.rows["SalesReceipt"] = [
        row for row in vendor.rows["SalesReceipt"] if row["TxnDate"] != str(days(4)[0])
    ]
    vendor.rows["SalesReceipt"] += [
        receipt(40 + n, day=str(days(4)[0]), updated="2026-11-10T00:00:00-08:00") for n in range(3)
    ]
    assert changed(opened, known) == ()


@pytest.mark.parametrize(("seconds", "named"), [(-121, False), (-119, True), (0, True)])
def test_changes_within_two_minutes_before_the_reading_count(
    seconds: int, named: bool, vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    moment = (READ + timedelta(seconds=seconds)).isoformat()
    vendor.rows["SalesReceipt"][0]["MetaData"] = {"LastUpdatedTime": moment}
    assert changed(opened, known) == (days(0) if named else ())


def test_days_outside_the_look_back_and_after_the_end_are_left_alone(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    for row in vendor.rows["SalesReceipt"]:
        row["MetaData"] = {"LastUpdatedTime": LATER}
    assert changed(opened, known, lookback=1) == days(1, 0)
    assert changed(opened, known, upto=days(1)[0]) == days(4, 3, 2, 1)
    assert changed(opened, known, upto=days(2)[0], lookback=0) == days(2)


def test_more_changes_than_change_capture_holds_are_asked_for_day_by_day(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    """1,000 changes on one day fill the answer; the one on another day comes after them."""
    crowded = [receipt(1000 + n, day=str(days(4)[0]), updated=LATER) for n in range(1000)]
    vendor.rows["SalesReceipt"] += [*crowded, receipt(9999, day=str(days(1)[0]), updated=LATER)]
    known[days(4)[0]] = Day(1003)
    known[days(1)[0]] = Day(4)
    known[days(2)[0]] = Day(3, READ - timedelta(days=1))
    # Day 2 was read before its receipts were updated; day 3 never, and its receipts are newer than that, too.
    assert changed(opened, known) == days(4, 3, 2, 1)
    assert vendor.queries("SELECT *") == []  # no document is read to know that it changed


def test_a_day_never_read_is_asked_for_itself_where_change_capture_is_full(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.rows["SalesReceipt"] += [receipt(1000 + n, day="2026-01-01", updated=LATER) for n in range(1000)]
    assert changed(opened, known) == ()
    vendor.rows["SalesReceipt"][9]["MetaData"] = {"LastUpdatedTime": LATER}
    assert changed(opened, known) == days(3)


def test_a_full_answer_of_nothing_but_deletions_is_not_taken_for_complete(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    """Deleted ones take places in the answer, too: here they push out the edited one."""
    vendor.rows["SalesReceipt"][3]["MetaData"] = {"LastUpdatedTime": LATER}
    stubs = [{"Id": str(n), "status": "Deleted"} for n in range(1000)]
    answer = {"CDCResponse": [{"QueryResponse": [{"SalesReceipt": stubs}]}], "time": vendor.now.isoformat()}
    vendor.scripts.extend([None, None, None, None, lambda handler: handler.send_json(200, answer)])
    assert changed(opened, known) == days(1)


def test_days_read_longer_ago_than_change_capture_reaches_are_asked_for_one_by_one(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    known[days(4)[0]] = Day(3, READ - timedelta(days=31))
    vendor.rows["SalesReceipt"][12]["MetaData"] = {"LastUpdatedTime": "2026-10-21T00:00:00-07:00"}
    assert days(4)[0] in changed(opened, known)
    assert not [seen for seen in vendor.seen if seen.path == "cdc"]


def test_nothing_known_asks_nothing(vendor: Vendor, opened: Opener) -> None:
    assert changed(opened, {}) == ()
    assert changed(opened, {days(40)[0]: Day(3)}) == ()
    assert vendor.seen == []


def test_faults_on_the_way_do_not_hide_a_change(
    vendor: Vendor, opened: Opener, known: dict[date, Day]
) -> None:
    vendor.rows["SalesReceipt"][3]["MetaData"] = {"LastUpdatedTime": LATER}
    vendor.scripts.extend([failing(503), None, None, None, None, failing(429, {"Retry-After": "1"})])
    assert changed(opened, known) == days(1)


def test_of_exchange_rates_which_tell_no_changes_all_days_are_read_again(
    vendor: Vendor, opened: Opener
) -> None:
    known = {day: Day(2) for day in days(0, 1, 5)}
    assert opened().changed_days("ExchangeRate", known, TODAY, 3) == days(1, 0)
    assert vendor.seen == []


def test_a_list_without_business_dates_has_no_changed_days(opened: Opener) -> None:
    with pytest.raises(FixTheConfiguration, match="no business date"):
        opened().changed_days("Item", {TODAY: Day(1)}, TODAY, 5)
