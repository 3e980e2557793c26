"""A run hands its slot to a run in the Spark pool and goes on after it, whichever of the two dies: one effect, the same end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline.elsewhere import Home, carried_once, ended, well
from servers.pool import Pool, until, working
from servers.prefect import PrefectServer

ON_POLARS = {"spark_from_bytes": 10**12}
"""Spark would take long."""


@pytest.fixture
def home(tmp_path: Path, own_prefect_server: PrefectServer) -> Home:
    return Home(tmp_path, own_prefect_server, ON_POLARS)


@pytest.fixture
def pool(tmp_path: Path, home: Home, own_prefect_server: PrefectServer) -> Iterator[Pool]:
    """The pool with its worker."""
    made = Pool(own_prefect_server, tmp_path / "gate", home.in_pool)
    with working(made, tmp_path / "worker.log"):
        yield made


def test_a_batch_goes_to_the_pool_and_its_run_goes_on_when_it_is_refined(home: Home, pool: Pool) -> None:
    well(home.carry())
    first, child, last = home.attempts()
    assert (first.outcome, child.outcome, last.outcome) == ("handed over", "done", "done")
    assert first.run_id == last.run_id
    [run] = pool.runs()
    assert run["id"] == child.run_id
    carried_once(home, "polars")


def test_a_run_that_dies_while_the_pool_works_is_followed_by_one_that_waits_for_that_work(
    home: Home, pool: Pool
) -> None:
    pool.close()
    first = home.carry()
    pool.waiting()
    first.kill()
    first.communicate()
    second = home.carry()
    third = home.carry()
    until(lambda: len(pool.carrying()) == 3, "three runs that carry")
    pool.open()
    told = sorted([ended(second), ended(third)])
    # Of two that wait for the same work one goes on; the other has nothing to do, or finds the slot in good hands.
    assert told[0] == ""
    assert told[1] == "" or told[1].startswith("LeaseHeld")
    assert len(pool.runs()) == 1
    assert home.outcomes()[:2] == ["handed over", "done"]
    carried_once(home, "polars")


def test_a_child_that_is_killed_is_followed_by_another(home: Home, pool: Pool) -> None:
    pool.close()
    run = home.carry()
    [victim] = pool.waiting()
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(pool.runs()) == 2, "two children")
    pool.open()
    well(run)
    assert home.outcomes() == ["handed over", "lost", "done", "done"]
    carried_once(home, "polars")


def test_a_child_that_is_started_twice_works_once(home: Home, pool: Pool) -> None:
    pool.close()
    run = home.carry()
    pool.waiting()
    [child] = pool.runs()
    twin = pool.twin(child["id"])
    until(lambda: pool.runs()[0]["run_count"] == 2, "two processes of one run")
    pool.open()
    well(run)
    assert twin.wait(600) == 0
    assert len(list(pool.gate.glob("*.waits"))) == 1  # only one of the two came to the work
    carried_once(home, "polars")


def test_a_child_that_fails_is_told_with_its_own_cause(home: Home, pool: Pool) -> None:
    pool.close()
    run = home.carry()
    pool.waiting()
    records = list(home.path.rglob("original/file.csv"))  # a plain file is its own records
    assert len(records) == 2  # raw and its backup
    for path in records:
        path.chmod(0o600)
        path.write_bytes(b"other bytes")
    pool.open()
    said = ended(run)
    [child] = pool.runs()
    error = next(each.error for each in home.attempts() if each.run_id == child["id"])
    assert error
    assert said == f"{error.error_class}: {error.sentence}"
    assert said.startswith("StopAndCall")
    assert "file.csv" in said
    assert home.outcomes() == ["handed over", "failed"]
