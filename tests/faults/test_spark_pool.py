"""A run hands its slot to a run in the Spark pool and goes on after it, whichever of the two dies: one effect, the same end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pipeline.pooled import DATASET, SLOT
from servers.pool import Pool, until, working
from servers.prefect import PrefectServer, start_prefect, stop_prefect

from conductor.embedded import open_embedded
from conductor.ledger import Attempt
from conductor.settings import Settings
from conductor.values import Batch, Refined
from conductor.workspace import Workspace

TESTS = Path(__file__).parents[1]
FILE = """store,receipt,line,business_date,sku,description,quantity,unit_price,amount,currency,payment,recorded_at
0012,R000001,1,2026-03-02,000123,"Tea, green",2,3.50,7.00,USD,card,2026-03-02T10:15:00+01:00
0012,R000002,1,2026-03-02,000124,"Tea, black",1,4.25,4.25,USD,cash,2026-03-02T10:16:00+01:00
0012,R000003,1,2026-03-02,000125,"Tea, black",1,4.25,4.25,USD,cheque,2026-03-02T10:17:00+01:00
"""
"""Two good rows and a bad one."""
LEASE = 20  # seconds; what is killed on this machine is taken over at once


class Home:
    """An embedded home whose runs send everything to the pool. In the pool, where Spark would take long, Polars does it."""

    def __init__(self, folder: Path, server: PrefectServer) -> None:
        self.path = folder / "home"
        self.server = server
        self.file = folder / "sales.csv"
        self.file.write_text(FILE)
        common = {"home": self.path, "step_retry_seconds": 0.1, "lease_seconds": LEASE}
        self.in_pool = _variables(common | {"spark_from_bytes": 10**12})
        self.outside = _variables(common | {"spark_from_bytes": 0, "spark_runs": "pool"})

    def carry(self) -> subprocess.Popen[str]:
        """Begin a run that carries the file."""
        path = os.pathsep.join(map(str, (TESTS, TESTS.parent)))
        environment = {**self.server.environment, **self.outside, "PYTHONPATH": path}
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.pooled", str(self.file)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def workspace(self) -> Workspace:
        """Open it to look at it."""
        return open_embedded(self.path, Settings(), lambda: datetime.now(UTC), "looking")

    def attempts(self) -> tuple[Attempt, ...]:
        """Give the attempts at the slot, oldest first."""
        opened = self.workspace()
        try:
            return opened.ledger.attempts(SLOT)
        finally:
            opened.close()

    def outcomes(self) -> list[str | None]:
        """Give how they ended."""
        return [each.outcome for each in self.attempts()]


@pytest.fixture(scope="module")
def server() -> Iterator[PrefectServer]:
    """A server on which the deployment is this module's own."""
    started = start_prefect()
    yield started
    stop_prefect(started)


@pytest.fixture
def home(tmp_path: Path, server: PrefectServer) -> Home:
    return Home(tmp_path, server)


@pytest.fixture
def pool(tmp_path: Path, home: Home, server: PrefectServer) -> Iterator[Pool]:
    """The pool with its worker."""
    made = Pool(server, tmp_path / "gate", home.in_pool)
    with working(made, tmp_path / "worker.log"):
        yield made


def _variables(settings: dict[str, object]) -> dict[str, str]:
    return {f"CONDUCTOR_{name.upper()}": str(value) for name, value in settings.items()}


def ended(run: subprocess.Popen[str]) -> str:
    """Wait for a run; give its last words, and fail with its log if they are not those of an error of ours."""
    log, _ = run.communicate(timeout=600)
    if run.returncode == 0:
        return ""
    last = log.strip().splitlines()[-1]
    assert last.split(":")[0].isidentifier(), log[-4000:]
    return last


def well(run: subprocess.Popen[str]) -> None:
    assert ended(run) == ""


def carried_once(home: Home) -> None:
    """Hold what is left against what one run leaves: the two good rows in one commit, the bad one aside, all under the epochs in order."""
    opened = home.workspace()
    try:
        [row] = opened.ledger.history(SLOT)
        refined = opened.ledger.remembered(row.batch.id, "refine", Refined)
        assert refined
        assert refined.counts.model_dump() == {
            "records": 3,
            "accepted": 2,
            "rejected": 1,
            "duplicates": 0,
            "superseded": 0,
        }
        assert refined.choice.engine == "polars"  # the pool's own settings decided
        table = opened.table(opened.product(DATASET).contract)
        [commit] = table.history()
        assert (commit.note.batch, commit.note.rows) == (row.batch, 2)
        assert sum(batch.num_rows for batch in table.read(SLOT)) == 2
        aside = [stat.key for stat in opened.lake.list("quarantine/")]
        assert [key.split("/")[-2:] for key in aside] == [[row.batch.id, "rejected.parquet"]]
        steps = {step.step: step.epoch for step in opened.ledger.steps(row.batch.id)}
        assert (
            row.epoch <= steps["land"] < steps["refine"] < commit.note.epoch <= opened.ledger.epoch(SLOT.id)
        )
        assert opened.ledger.lease(SLOT.id) is None
    finally:
        opened.close()


def batch_of(home: Home) -> Batch:
    opened = home.workspace()
    try:
        return opened.ledger.history(SLOT)[-1].batch
    finally:
        opened.close()


def test_a_batch_goes_to_the_pool_and_its_run_goes_on_when_it_is_refined(home: Home, pool: Pool) -> None:
    well(home.carry())
    first, child, last = home.attempts()
    assert (first.outcome, child.outcome, last.outcome) == ("handed over", "done", "done")
    assert first.run_id == last.run_id
    [run] = pool.runs()
    assert run["id"] == child.run_id
    carried_once(home)


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
    carried_once(home)


def test_a_child_that_is_killed_is_followed_by_another(home: Home, pool: Pool) -> None:
    pool.close()
    run = home.carry()
    [victim] = pool.waiting()
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(pool.runs()) == 2, "two children")
    pool.open()
    well(run)
    assert home.outcomes() == ["handed over", "lost", "done", "done"]
    carried_once(home)


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
    carried_once(home)


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
