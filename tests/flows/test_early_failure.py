"""Nights that fail before they come to a slot: they stand in the ledger like any other, and a later night makes up for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from typed import answered

from sandbox.quickbooks import Faults

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


@pytest.mark.parametrize(
    ("fault", "error", "way_out"),
    [
        ("endless_500", "RetryLater", f"conductor run nightly-financials --day {TUESDAY}"),
        ("revoked_consent", "FixTheConfiguration", "conductor connect"),
    ],
)
def test_a_night_that_could_not_even_ask_what_changed_is_explained(
    new_site: Callable[..., Site], fault: str, error: str, way_out: str
) -> None:
    here = new_site()
    here.run(MONDAY).well()
    here.sandbox.faults = Faults.single(fault)

    failed = here.run(TUESDAY, step_retries=0)

    assert failed.code == 1
    assert failed.told[0].error, "the run came to a step"
    (told,) = answered(here, "explain", str(TUESDAY))["failures"]
    assert (told["slot"], told["error"], told["sentence"]) == (
        f"{PRODUCT}/{TUESDAY}",
        error,
        failed.error.sentence,
    )
    assert way_out in told["next"]
    standing = answered(here, "status")
    assert not standing["well"]
    lines = {line["slot"]: line for line in standing["slots"]}
    assert lines[f"{PRODUCT}/{TUESDAY}"]["last_attempt"] == "failed"
    assert lines[f"{PRODUCT}/{TUESDAY}"]["error"] == failed.error.sentence
    assert lines[f"{PRODUCT}/{MONDAY}"]["last_attempt"] == "done"


def test_the_night_after_carries_what_the_failed_one_did_not_come_to(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(MONDAY).well()
    here.sandbox.faults = Faults.single("forbidden")
    assert here.run(TUESDAY).code == 1
    here.sandbox.faults = Faults()

    here.run(WEDNESDAY).well()

    assert answered(here, "status")["well"]
    for day in (TUESDAY, WEDNESDAY):
        assert gross(here, day) == {
            currency: revenue.net + revenue.tax
            for currency, revenue in expected(SEED, here.sandbox.receipts(day)).revenue.items()
        }


def gross(here: Site, day: date) -> dict[str, object]:
    """Give a day's gross revenue by currency."""
    workspace = here.workspace()
    try:
        query = f"SELECT currency, gross FROM marts.mart_daily_revenue WHERE business_date = DATE '{day}'"
        return {str(currency): amount for currency, amount in workspace.warehouse.query(query).rows}
    finally:
        workspace.close()
