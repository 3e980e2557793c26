"""Who may let a batch through its gate, and what that holds for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conductor.errors import FixTheConfiguration, StopAndCall
from conductor.ledger import Ledger
from conductor.quality.override import VERDICT, WHAT, allow, override
from conductor.values import Batch, FailedExpectation, Gated, Slot
from quality.batches import DAY

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ON_AMOUNT = FailedExpectation(
    expectation="column values to be between min 1", column="amount", observed="1 of 9 rows: 0"
)
ON_ID = FailedExpectation(expectation="column values to be unique", column="id", observed="2 of 9 rows")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", lambda: NOW)
    made.migrate()
    yield made
    made.close()


def batch(ledger: Ledger, contract_version: str = "1.0.0") -> Batch:
    slot = Slot(dataset="finance/receipts", day=DAY)
    lease = ledger.acquire(slot.id, "me", timedelta(minutes=5), lambda _: False)
    ledger.begin(slot, "a-run", lease.epoch)
    return ledger.open_batch(slot, (), contract_version, "sql", (), lease.epoch)


def verdict(of: Batch, *failed: FailedExpectation, judged: bool = True) -> Gated:
    return Gated(
        batch=of, passed=not failed, expectations=9, failed=failed, docs_key="page.html", judged=judged
    )


def keep(ledger: Ledger, step: str, given: Gated) -> None:
    lease = ledger.lease(given.batch.slot.id)
    assert lease
    ledger.remember(
        given.batch.id, step, given, state=None, rows=None, seconds=0, peak_mib=0, epoch=lease.epoch
    )


def test_an_approval_holds_for_just_the_failures_that_were_seen(ledger: Ledger) -> None:
    held = verdict(batch(ledger), ON_AMOUNT)
    keep(ledger, VERDICT, held)
    assert override(ledger, held) is None
    allow(ledger, held.batch, "Ada", "checked")
    found = override(ledger, held)
    assert found
    assert (found.by, found.reason, found.at) == ("Ada", "checked", NOW)
    assert override(ledger, verdict(held.batch, ON_AMOUNT, ON_ID)) is None
    assert override(ledger, verdict(held.batch, ON_AMOUNT, judged=False)) is None
    assert override(ledger, verdict(batch(ledger, "1.1.0"), ON_AMOUNT)) is None
    (given,) = ledger.approvals(held.batch.id)
    assert (given.what, given.details) == (WHAT, "column values to be between min 1 on amount")


def test_a_batch_that_no_gate_holds_cannot_be_allowed(ledger: Ledger) -> None:
    never, passed = batch(ledger), batch(ledger, "1.1.0")
    keep(ledger, VERDICT, verdict(passed, ON_AMOUNT))
    keep(ledger, "gate", verdict(passed))
    for each in (never, passed):
        with pytest.raises(FixTheConfiguration, match="has not failed its gate"):
            allow(ledger, each, "Ada", "checked")
        assert ledger.approvals(each.id) == ()


def test_what_could_not_be_judged_cannot_be_allowed(ledger: Ledger) -> None:
    held = verdict(batch(ledger), ON_AMOUNT, judged=False)
    keep(ledger, VERDICT, held)
    with pytest.raises(StopAndCall, match="could not judge"):
        allow(ledger, held.batch, "Ada", "checked")
    assert ledger.approvals(held.batch.id) == ()
