"""What every warehouse must hold when a load dies, and what readers see meanwhile."""

from __future__ import annotations

import ast
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from receipts import CONTRACT, NOW, Line, batch, line, rows, slot
from servers.warehouses import new_warehouse, opened

from conductor.warehouses.protocol import RowHashes, Warehouse
from conductor.warehouses.rowhash import hash_rows

MONDAY = slot("2026-01-05")
TESTS = Path(__file__).parents[1]
OLD = [line(f"R{number}", 1, "2026-01-05", "1.00") for number in range(3)]
NEW = [line(f"R{number}", 1, "2026-01-05", "2.00") for number in range(2, 6)]
PREAMBLE = f"""
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
import psycopg
from receipts import CONTRACT, NOW, batch, line, rows, slot
from conductor.warehouses import load
from conductor.warehouses.duckdb import DuckDBSession
from servers.warehouses import opened
warehouse, monday = opened(sys.argv[1]), slot("2026-01-05")
new = [line(f"R{{number}}", 1, "2026-01-05", "2.00") for number in range(2, 6)]

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)
"""
LOAD = "warehouse.load(CONTRACT, batch(monday, 2), 1, rows(new), NOW)\n"
AT_COMMIT = """
run = DuckDBSession.run
def until_commit(session, *statements):
    if statements == ("COMMIT",):
        die()
    run(session, *statements)
DuckDBSession.run = until_commit
psycopg.Connection.commit = die
"""


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the place of a warehouse of each kind."""
    if request.param == "duckdb":
        return str(tmp_path / "warehouse.duckdb")
    return new_warehouse(request.getfixturevalue("postgres_url")).url


@pytest.fixture
def warehouse(place: str) -> Warehouse:
    """Give a warehouse with the first version of a day."""
    found = opened(place)
    found.load(CONTRACT, batch(MONDAY), 1, rows(OLD), NOW)
    return found


def hashes(lines: list[Line]) -> RowHashes:
    return hash_rows(CONTRACT, rows(lines))


def child(place: str, script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + script, place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# Each dies at the named place inside the transaction of a load that changes, adds and removes rows.
@pytest.mark.parametrize(
    "where", ["hold_fence", "refuse_older", "touched_days", "slot_sums", "record", "COMMIT"]
)
def test_a_load_that_is_killed_inside_its_transaction_leaves_the_old_version(
    place: str, warehouse: Warehouse, where: str
) -> None:
    dying = AT_COMMIT if where == "COMMIT" else f"load.{where} = die\n"
    assert child(place, dying + LOAD).wait() == -signal.SIGKILL
    assert warehouse.row_hashes(CONTRACT) == hashes(OLD)
    assert warehouse.highest_version(MONDAY) == 1
    repeated = warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(NEW), NOW)
    assert (repeated.inserted, repeated.updated, repeated.deleted) == (3, 1, 2)
    assert warehouse.row_hashes(CONTRACT) == hashes(NEW)


def test_a_load_that_is_killed_after_its_commit_is_found_done(place: str, warehouse: Warehouse) -> None:
    assert child(place, LOAD + "die()\n").wait() == -signal.SIGKILL
    recorded = warehouse.loaded(batch(MONDAY, 2).id)
    assert recorded is not None
    assert warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(NEW), NOW) == recorded
    assert warehouse.row_hashes(CONTRACT) == hashes(NEW)


@pytest.mark.parametrize("seed", range(3))
def test_a_load_that_is_killed_at_any_moment_leaves_the_old_version_or_the_new(
    place: str, warehouse: Warehouse, seed: int
) -> None:
    running = child(place, "print('go', flush=True)\n" + LOAD)
    assert running.stdout
    running.stdout.readline()
    time.sleep(random.Random(seed).uniform(0, 0.3))
    running.kill()
    running.wait()
    # Asked again under the same fence: what the dead one had begun is undone by then.
    before = warehouse.highest_version(MONDAY)
    assert warehouse.row_hashes(CONTRACT) in (hashes(OLD), hashes(NEW))
    warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(NEW), NOW)
    assert before in (1, 2)
    assert warehouse.row_hashes(CONTRACT) == hashes(NEW)


def test_readers_in_other_processes_see_the_old_version_or_the_new_while_it_is_loaded(
    place: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.swap_read_copy()
    stop = tmp_path / "stop"
    script = f"""
print('go', flush=True)
seen = set()
while not Path({str(stop)!r}).exists():
    found = warehouse.query('SELECT (SELECT max(version) FROM conductor.load_ledger), count(*), sum(amount) FROM finance.sales_receipts')
    seen.add(tuple(map(str, found.rows[0])))
print(sorted(seen), flush=True)
"""
    readers = [child(place, script) for _ in range(2)]
    for reader in readers:
        assert reader.stdout
        assert reader.stdout.readline() == "go\n"
    expected = {("1", "3", "3.00")}
    for version in range(2, 7):
        content = [line(f"R{number}", 1, "2026-01-05", f"{version}.00") for number in range(version)]
        warehouse.load(CONTRACT, batch(MONDAY, version), 1, rows(content), NOW)
        warehouse.swap_read_copy()
        expected.add((str(version), str(version), f"{version * version}.00"))
    stop.touch()
    for reader in readers:
        said, _ = reader.communicate()
        assert reader.returncode == 0
        seen = set(ast.literal_eval(said))
        assert seen
        assert seen <= expected
