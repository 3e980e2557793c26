"""Who waits at a slot's door for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from conductor.embedded import open_embedded
from conductor.errors import LeaseHeld, Superseded
from conductor.settings import Settings
from conductor.values import Slot
from conductor.workspace import Workspace
from flows.steps.holder import Errand, alive, errand_of, holder
from flows.steps.taking import require_current, take

SLOT = Slot(dataset="sales/daily_sales", day=date(2026, 3, 2))
ELSEWHERE = "another-machine|1|1|its-run|"
TTL = timedelta(minutes=5)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    settings = Settings(spark_wait_seconds=1)
    opened = open_embedded(tmp_path / "home", settings, lambda: datetime.now(UTC), "this-run")
    yield opened
    opened.close()


def test_a_run_that_carries_waits_for_one_that_refines_and_gets_a_higher_epoch(workspace: Workspace) -> None:
    refining = workspace.ledger.acquire(SLOT.id, f"{ELSEWHERE}refine", TTL, alive)
    giving_back = threading.Timer(2, workspace.ledger.release, [refining])
    giving_back.start()
    # It waits longer than a run that refines would: what lives is waited for.
    lease = take(workspace, SLOT)
    giving_back.join()
    assert lease.epoch > refining.epoch
    assert errand_of(lease.holder) is Errand.CARRY


def test_a_run_that_carries_does_not_wait_for_another_that_carries(workspace: Workspace) -> None:
    workspace.ledger.acquire(SLOT.id, f"{ELSEWHERE}carry", TTL, alive)
    with pytest.raises(LeaseHeld):
        take(workspace, SLOT)


def test_another_process_of_the_same_run_is_waited_for(workspace: Workspace) -> None:
    twin = workspace.ledger.acquire(SLOT.id, "another-machine|1|1|this-run|carry", TTL, alive)
    giving_back = threading.Timer(2, workspace.ledger.release, [twin])
    giving_back.start()
    lease = take(workspace, SLOT)
    giving_back.join()
    assert lease.epoch > twin.epoch


@pytest.mark.parametrize("errand", list(Errand))
def test_a_run_that_refines_waits_for_whoever_has_the_slot_but_not_for_ever(
    workspace: Workspace, errand: Errand
) -> None:
    workspace.ledger.acquire(SLOT.id, f"{ELSEWHERE}{errand}", TTL, alive)
    began = time.monotonic()
    with pytest.raises(LeaseHeld):
        take(workspace, SLOT, Errand.REFINE)
    assert time.monotonic() - began > workspace.settings.spark_wait_seconds


def test_a_run_that_refines_gets_the_slot_that_was_given_back(workspace: Workspace) -> None:
    patient = replace(workspace, settings=Settings(spark_wait_seconds=600))
    carrying = workspace.ledger.acquire(SLOT.id, f"{ELSEWHERE}carry", TTL, alive)
    giving_back = threading.Timer(1, workspace.ledger.release, [carrying])
    giving_back.start()
    lease = take(patient, SLOT, Errand.REFINE)
    giving_back.join()
    assert lease.epoch > carrying.epoch
    assert errand_of(lease.holder) is Errand.REFINE


def test_a_version_that_a_newer_one_overtook_is_nobodys_work_any_more(workspace: Workspace) -> None:
    lease = take(workspace, SLOT)
    workspace.ledger.begin(SLOT, "this-run", lease.epoch)
    first, second = (
        workspace.ledger.open_batch(
            SLOT, object_ids=(), contract_version=version, refine_sha256="", references=(), epoch=lease.epoch
        )
        for version in ("1.0.0", "1.1.0")
    )
    require_current(workspace, second)
    with pytest.raises(Superseded, match="version 2 of"):
        require_current(workspace, first)


def test_a_lease_of_before_errands_had_names_is_one_that_carries() -> None:
    assert errand_of("machine|1|1|a-run") is Errand.CARRY
    assert alive(holder("a-run", Errand.REFINE))
