from __future__ import annotations

import os
from datetime import timedelta

from conductor.ledger import ErrorRecord
from conductor.values import State
from flows.steps.holder import holder

from .office import ROWS, SLOT, Office

FIVE_MINUTES = timedelta(minutes=5)


def test_an_unused_home_has_nothing_to_tell(office: Office) -> None:
    now = office.read("status")
    assert now["well"]
    assert now["verdict"] == "nothing was carried yet"


def test_the_first_line_says_that_all_is_done_and_since_when_the_marts_are_fresh(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS)
    lease = office.lease()
    office.workspace.ledger.remember(
        batch.id,
        "build",
        batch,
        state=State.BUILT,
        rows=None,
        seconds=1,
        peak_mib=None,
        epoch=lease.epoch,
    )
    office.workspace.ledger.release(lease)
    now = office.read("status")
    assert now["well"]
    (fresh,) = now["fresh"]
    assert (fresh["dataset"], fresh["day"]) == (SLOT.dataset, "2026-11-20")
    first, *_ = office.run("status").stdout.splitlines()
    assert first.startswith("✓ ")
    assert "2026-11-20 of finance/sales_receipts since 2026-11-21 02:00 UTC" in first


def test_a_failed_attempt_comes_first_and_says_what_to_do(office: Office) -> None:
    office.refine("a" * 32, ROWS)
    office.fail(ErrorRecord("FixTheData", "a column is gone", "conductor explain it", "gate"), "run-2")
    now = office.read("status")
    assert not now["well"]
    assert now["verdict"].startswith(f"{SLOT.id} did not get through")
    told = office.run("status").stdout
    assert "a column is gone" in told
    assert "next: conductor explain it" in told


def test_what_runs_now_is_named_with_its_process(office: Office) -> None:
    lease = office.workspace.ledger.acquire(SLOT.id, holder("run-9"), FIVE_MINUTES, lambda _: True)
    office.workspace.ledger.begin(SLOT, "run-9", lease.epoch)
    now = office.read("status")
    (work,) = now["running"]
    assert (work["name"], work["run_id"]) == (SLOT.id, "run-9")
    assert str(os.getpid()) in work["process"]
    assert now["well"]
    assert "is being carried now" in now["verdict"]


def test_a_run_whose_process_is_gone_does_not_run(office: Office) -> None:
    machine, pid, _, run_id, _ = holder("run-9").split("|")
    gone = "|".join((machine, pid, "1", run_id))  # the same pid, but started at another time
    lease = office.workspace.ledger.acquire(SLOT.id, gone, FIVE_MINUTES, lambda _: True)
    office.workspace.ledger.begin(SLOT, "run-9", lease.epoch)
    now = office.read("status")
    assert now["running"] == []
    assert not now["well"]
    assert now["slots"][0]["last_attempt"] == "killed"
