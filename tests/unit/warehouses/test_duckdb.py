"""What is DuckDB's own: one writing process, a file that survives being cut, and the copy that people query."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from receipts import CONTRACT, NOW, Line, batch, line, rows, slot

from conductor.errors import FixTheConfiguration, NotFound, RetryLater, StopAndCall
from conductor.warehouses.duckdb import OFFLINE, DuckDBWarehouse
from conductor.warehouses.duckdb_errors import translated
from conductor.warehouses.protocol import RowHashes
from conductor.warehouses.rowhash import hash_rows

MONDAY = slot("2026-01-05")
TESTS = Path(__file__).parents[2]
OLD = [line(f"R{number}", 1, "2026-01-05", "1.00") for number in range(3)]
NEW = [line(f"R{number}", 1, "2026-01-05", "2.00") for number in range(2, 6)]
PREAMBLE = f"""
import os, resource, signal, sys
from pathlib import Path
sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]
from receipts import CONTRACT, NOW, batch, line, rows, slot
from conductor.errors import ConductorError
from conductor.warehouses import load
from conductor.warehouses.duckdb import DuckDBSession, DuckDBWarehouse
warehouse, monday = DuckDBWarehouse(Path(sys.argv[1])), slot("2026-01-05")
new = [line(f"R{{number}}", 1, "2026-01-05", "2.00") for number in range(2, 6)]
"""
LOAD = "warehouse.load(CONTRACT, batch(monday, 2), 1, rows(new), NOW)\n"


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """Give a warehouse with the first version of a day."""
    found = DuckDBWarehouse(tmp_path / "warehouse.duckdb", patience=0.3)
    found.load(CONTRACT, batch(MONDAY), 1, rows(OLD), NOW)
    return found


def hashes(lines: list[Line]) -> RowHashes:
    return hash_rows(CONTRACT, rows(lines))


def child(file: Path, script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + script, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held_by_another_process(file: Path) -> Iterator[int]:
    holder = child(file, "with warehouse._open():\n    print('held', flush=True)\n    sys.stdin.read()\n")
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    try:
        yield holder.pid
    finally:
        holder.kill()
        holder.wait()


def test_a_file_that_another_process_writes_is_waited_for_and_then_named(warehouse: DuckDBWarehouse) -> None:
    with held_by_another_process(warehouse.file) as pid, pytest.raises(RetryLater) as caught:
        warehouse.highest_version(MONDAY)
    assert str(warehouse.file) in caught.value.sentence
    assert f"process {pid}" in caught.value.sentence
    assert caught.value.next_command
    assert warehouse.highest_version(MONDAY) == 1


def test_a_file_that_gets_free_while_it_is_waited_for_is_used(warehouse: DuckDBWarehouse) -> None:
    patient = DuckDBWarehouse(warehouse.file, patience=60.0)
    with held_by_another_process(warehouse.file) as pid:
        release = threading.Timer(0.5, os.kill, [pid, signal.SIGKILL])
        release.start()
        assert patient.highest_version(MONDAY) == 1
        release.join()


def test_a_full_disk_stops_the_load_and_keeps_the_old_version(warehouse: DuckDBWarehouse) -> None:
    script = """
many = [line(f"R{number}", 1, "2026-01-05", "2.00", item_name=os.urandom(400).hex()) for number in range(3000)]
size = sum(path.stat().st_size for path in warehouse.file.parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    warehouse.load(CONTRACT, batch(monday, 2), 1, rows(many), NOW)
except ConductorError as error:
    print(type(error).__name__, error.sentence, flush=True)
os._exit(0)
"""
    running = child(warehouse.file, script)
    said, _ = running.communicate()
    assert said.startswith(f"{StopAndCall.__name__} the disk of the warehouse {warehouse.file} is full")
    assert warehouse.row_hashes(CONTRACT) == hashes(OLD)


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda folder: folder / "no" / "warehouse.duckdb", "its folder does not exist"),
        (lambda folder: folder, "failed: "),
    ],
)
def test_an_address_that_is_no_warehouse_is_said_plainly(
    tmp_path: Path, prepare: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises((FixTheConfiguration, StopAndCall), match=sentence):
        DuckDBWarehouse(prepare(tmp_path)).loads()


@pytest.mark.parametrize(
    "statement",
    ["SELECT CAST('Ada Lovelace' AS INTEGER)", "SELECT error('Ada Lovelace')", "SELECT DATE 'Ada Lovelace'"],
)
def test_an_error_about_a_value_is_told_without_the_value(tmp_path: Path, statement: str) -> None:
    with pytest.raises(duckdb.Error) as caught, duckdb.connect() as connection:
        connection.execute(statement).fetchall()
    assert "Ada" in str(caught.value)
    told = translated(caught.value, tmp_path / "warehouse.duckdb")
    assert "Ada" not in told.sentence
    assert type(caught.value).__name__ in told.sentence


def test_people_see_what_was_committed_when_the_copy_was_swapped_in(warehouse: DuckDBWarehouse) -> None:
    count = "SELECT count(*) AS receipts, sum(amount) AS amount FROM finance.sales_receipts"
    with pytest.raises(NotFound):
        warehouse.query(count)
    warehouse.swap_read_copy()
    old = warehouse.query(count)
    assert (old.columns, old.rows[0][0], str(old.rows[0][1])) == (("receipts", "amount"), 3, "3.00")
    warehouse.load(CONTRACT, batch(MONDAY, 2), 1, rows(NEW), NOW)
    assert warehouse.query(count) == old
    warehouse.swap_read_copy()
    warehouse.swap_read_copy()
    new = warehouse.query(count)
    assert (new.rows[0][0], str(new.rows[0][1])) == (4, "8.00")
    assert sorted(path.name for path in warehouse.file.parent.iterdir()) == [
        "warehouse.duckdb",
        "warehouse.read.duckdb",
    ]


def test_a_view_means_the_same_in_the_copy(warehouse: DuckDBWarehouse) -> None:
    with duckdb.connect(str(warehouse.file)) as connection:
        connection.execute(
            'CREATE VIEW finance.first AS SELECT min(receipt_id) FROM "warehouse".finance.sales_receipts'
        )
    warehouse.swap_read_copy()
    assert warehouse.query("FROM finance.first").rows == (("R0",),)


def test_a_swap_that_was_killed_is_made_anew(warehouse: DuckDBWarehouse) -> None:
    die = """
Path.replace = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
warehouse.swap_read_copy()
"""
    assert child(warehouse.file, die).wait() == -signal.SIGKILL
    assert not warehouse.read_copy.exists()
    warehouse.swap_read_copy()
    assert warehouse.query("SELECT count(*) FROM finance.sales_receipts").rows == ((3,),)
    assert not list(warehouse.file.parent.glob("*.next*"))


def test_a_swap_keeps_other_processes_out_while_this_one_still_has_the_file(
    warehouse: DuckDBWarehouse,
) -> None:
    with duckdb.connect(str(warehouse.file), config=OFFLINE):
        warehouse.swap_read_copy()
        intruder = child(
            warehouse.file,
            """
try:
    DuckDBWarehouse(Path(sys.argv[1]), patience=0.1).loads()
    print("opened")
except ConductorError as error:
    print(type(error).__name__)
""",
        )
        said, _ = intruder.communicate()
    assert said == "RetryLater\n"


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT 1; SELECT 2",
        "DELETE FROM finance.sales_receipts",
        "CREATE TEMP TABLE t AS SELECT 1",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "ATTACH ':memory:' AS other",
        "SET enable_external_access = true",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM 'http://127.0.0.1/x.parquet'",
        "INSTALL httpfs",
        "SELECT nonsense FROM finance.sales_receipts",
        "SELEC 1",
    ],
)
def test_a_query_can_only_read_the_copy(warehouse: DuckDBWarehouse, statement: str) -> None:
    warehouse.swap_read_copy()
    with pytest.raises(FixTheConfiguration) as caught:
        warehouse.query(statement)
    assert "\n" not in caught.value.sentence
    assert warehouse.query("SELECT count(*) FROM finance.sales_receipts").rows == ((3,),)


def test_a_query_says_instants_in_utc(warehouse: DuckDBWarehouse) -> None:
    warehouse.swap_read_copy()
    found = warehouse.query("SELECT DISTINCT CAST(updated_at AS VARCHAR) FROM finance.sales_receipts")
    assert found.rows == (("2026-01-01 00:00:00+00",),)


def test_revenue_before_the_first_build_is_not_found(warehouse: DuckDBWarehouse) -> None:
    with pytest.raises(NotFound, match="not built yet"):
        warehouse.daily_revenue(MONDAY.day)
