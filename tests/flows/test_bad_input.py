"""What bad input gets: one plain sentence, the next command, exit code 1 or 2, no stack trace, and nothing half-written.

Every case runs the real command in a process of its own, on a copy of a home that carried one day.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from conductor.cli.home import Home, Running
from conductor.cli.servers import prefect_server
from conductor.warehouses.duckdb import DuckDBWarehouse

ROOT = Path(__file__).parents[2]
DAY, OTHER_DAY, EMPTY_DAY = "2026-11-20", "2026-11-19", "2026-11-18"
RUN = ("run", "nightly-financials", "--day", DAY)
RUN_OTHER = ("run", "nightly-financials", "--day", OTHER_DAY)
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
TRACE = ('INSERT INTO "attempts"', 'INSERT INTO "leases"')
LARGEST_FILE = 2_000_000
"""Bytes; the warehouse of one day is larger, all other files of a day are smaller."""


@dataclass(frozen=True)
class Place:
    """A home for one case, and what else the cases need: folders, another company's API, Prefect's address."""

    home: Path
    aside: Path
    api: Mapping[str, str]
    prefect: str

    def run(
        self, *command: str, limit: int | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; `limit` is the size in bytes beyond which no file of it grows, as if the disk were full."""
        return subprocess.run(
            [sys.executable, "-m", "conductor.cli.main", *command, "--home", str(self.home)],
            cwd=ROOT,
            env=surroundings(self.aside) | environment,
            capture_output=True,
            text=True,
            timeout=300,
            preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None,
        )

    @property
    def credentials(self) -> dict[str, str]:
        """The right settings for the API."""
        return {f"CONDUCTOR_ACCOUNTING_{name.upper()}": value for name, value in self.api.items()}


@dataclass(frozen=True)
class Case:
    """Bad input, and what is said of it: words of the sentence, and of the next command.

    `traced` says that a run began, so that its attempt stands in the ledger; nothing else may.
    """

    command: tuple[str, ...]
    says: str
    next: str
    environment: Callable[[Place], Mapping[str, str]] = field(default=lambda _: {})
    prepare: Callable[[Place], object] = field(default=lambda _: None)
    traced: bool = False


def surroundings(person: Path) -> dict[str, str]:
    """Give this process's environment without what configures the product or Prefect, and with an empty home of a person."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("CONDUCTOR_", "PREFECT_"))
    }
    return ours | {"HOME": str(person), "NO_COLOR": "1", "COLUMNS": "200"}


# --- what the cases start from


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = Home(tmp_path_factory.mktemp("prefect")).make()
    with prefect_server(home, shared=True) as url:
        running = home.running("prefect", "/health")
        assert running
        assert running.url == url
        yield running


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory, prefect: Running) -> Path:
    home = Home(tmp_path_factory.mktemp("carried") / "home").make()
    home.note_running("prefect", prefect)
    command = ["demo", "--receipts", "120", "--day", DAY, "--home", str(home.path)]
    done = subprocess.run(
        [sys.executable, "-m", "conductor.cli.main", *command],
        cwd=ROOT,
        env=surroundings(home.path.parent),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return home.path


@contextmanager
def sandbox(folder: Path) -> Iterator[dict[str, str]]:
    """Serve an accounting API whose data and credentials lie in the folder; nothing was sold on the empty day."""
    command = ["-m", "sandbox", "quickbooks", "--home", str(folder), "--receipts", "120"]
    command += ["--day", f"{EMPTY_DAY}=0"]
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=surroundings(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        yield {name: ready[name] for name in ("url", "client_id", "client_secret")}
        process.terminate()


@pytest.fixture(scope="module")
def foreign_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An API that knows neither our app nor our tokens."""
    with sandbox(tmp_path_factory.mktemp("foreign")) as api:
        yield api


@pytest.fixture
def place(carried: Path, foreign_api: dict[str, str], prefect: Running, tmp_path: Path) -> Place:
    home = tmp_path / "home"
    shutil.copytree(carried, home)
    return Place(home, tmp_path, foreign_api, prefect.url)


def stores(place: Place) -> dict[str, str]:
    """Give every file of the stores and warehouses with its digest."""
    files = [
        path for name in ("store", "backup") for path in (place.home / name).rglob("*") if path.is_file()
    ]
    files += place.home.glob("warehouse*")
    return {str(path.relative_to(place.home)): sha256(path.read_bytes()).hexdigest() for path in files}


def ledger(place: Place, *, traced: bool = False) -> list[str] | bytes:
    """Give every row of the ledger; its bytes where it is none. `traced` leaves out attempts, and the leases they were made under."""
    file = place.home / "ledger.sqlite"
    if not file.is_file():
        return b""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return [row for row in connection.iterdump() if not (traced and row.startswith(TRACE))]
    except sqlite3.DatabaseError:
        return file.read_bytes()


def evidence(files: Mapping[str, str]) -> dict[str, str]:
    """Leave out the pages for people, whose index grows."""
    return {name: found for name, found in files.items() if not name.startswith("store/docs/")}


def query(place: Place, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(place.home / "ledger.sqlite")) as connection:
        return connection.execute(statement).fetchall()


def assert_plain(result: subprocess.CompletedProcess[str], says: str, next_command: str) -> None:
    """Three lines: what is wrong, what to type, and how to learn more."""
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    sentence, following, more = result.stderr.strip().splitlines()
    assert sentence.startswith("✗ ")
    assert says in sentence
    assert following.startswith("  next: ")
    assert next_command in following
    assert "--debug" in more


# --- the cases


def wrong_secret(place: Place) -> Mapping[str, str]:
    return place.credentials | {"CONDUCTOR_ACCOUNTING_CLIENT_SECRET": "wrong"}


def no_secret(place: Place) -> Mapping[str, str]:
    return {"CONDUCTOR_ACCOUNTING_URL": place.api["url"]}


def nowhere(_: Place) -> Mapping[str, str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return {"CONDUCTOR_ACCOUNTING_URL": f"http://127.0.0.1:{taken.getsockname()[1]}"}


def misspelt_contract(place: Place) -> Mapping[str, str]:
    folder = place.aside / "products" / "finance" / "rates"
    shutil.copytree(ROOT / "products" / "finance" / "fx_rates", folder)
    contract = folder / "contract.odcs.yaml"
    contract.write_text(
        contract.read_text().replace("lookbackDays", "lookbackDay").replace("required:", "require:", 1)
    )
    return {"CONDUCTOR_PRODUCTS_PATH": str(place.aside / "products")}


def unknown_block(place: Place) -> Mapping[str, str]:
    return {"PREFECT_API_URL": place.prefect, "PREFECT_HOME": str(place.aside / "prefect")}


def garbage(place: Place) -> None:
    for file in place.home.glob("ledger.sqlite*"):
        file.unlink()
    (place.home / "ledger.sqlite").write_bytes(os.urandom(8192))


def without_consent(place: Place) -> None:
    shutil.rmtree(place.home / "secrets" / "tokens")


CASES = {
    "wrong-credentials": Case(RUN, "refuses this app", "set accounting_client_id", wrong_secret, traced=True),
    "missing-credentials": Case(RUN, "refuses this app", "accounting_client_secret", no_secret, traced=True),
    "missing-consent": Case(
        RUN, "needs consent", "conductor connect quickbooks", no_secret, without_consent, traced=True
    ),
    "unreachable-api": Case(
        RUN, "127.0.0.1 did not answer", "conductor run nightly-financials", nowhere, traced=True
    ),
    "misspelt-contract": Case(RUN, "did you mean", "edit ", misspelt_contract),
    "future-day": Case(
        ("run", "nightly-financials", "--day", "2099-01-01"),
        "has not begun yet",
        "conductor run nightly-financials",
    ),
    "unknown-workspace": Case(
        (*RUN, "--workspace", "nowhere"), "no workspace 'nowhere'", "prefect block ls", unknown_block
    ),
    "workspace-without-prefect": Case(
        (*RUN, "--workspace", "nowhere"), "no Prefect API is set", "PREFECT_API_URL"
    ),
    "damaged-ledger": Case(RUN, "is damaged", "conductor reconcile", prepare=garbage),
    "damaged-ledger-status": Case(("status",), "is damaged", "conductor reconcile", prepare=garbage),
    "unknown-batch": Case(("quarantine", "show", "feedbeef"), "no batch 'feedbeef'", "conductor status"),
    "wrong-setting": Case(
        RUN,
        "the setting page_size is wrong",
        "CONDUCTOR_PAGE_SIZE",
        lambda _: {"CONDUCTOR_PAGE_SIZE": "many"},
    ),
    "wrong-query": Case(
        ("query", "drop table marts.fct_sales"), "one statement that reads", "conductor query"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_bad_input_is_told_in_one_sentence_and_changes_nothing(place: Place, case: Case) -> None:
    case.prepare(place)
    before = stores(place), ledger(place, traced=case.traced)
    result = place.run(*case.command, **case.environment(place))
    assert_plain(result, case.says, case.next)
    assert (stores(place), ledger(place, traced=case.traced)) == before
    if case.traced:
        *_, (outcome, sentence) = query(place, "SELECT outcome, sentence FROM attempts ORDER BY started_at")
        assert (outcome, case.says in sentence) == ("failed", True)


@pytest.mark.parametrize(
    "command",
    [
        ("run", "nightly-finance"),
        ("run", "nightly-financials", "--day", "20.11.2026"),
        ("run",),
        ("quarantine", "export", "feedbeef", "rows.xlsx"),
        ("statuss",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_two_and_changes_nothing(place: Place, command: tuple[str, ...]) -> None:
    before = stores(place), ledger(place)
    result = place.run(*command)
    assert result.returncode == 2
    assert "Usage:" in result.stderr
    assert "Traceback" not in result.stderr
    assert (stores(place), ledger(place)) == before


@pytest.mark.parametrize("command", [RUN, ("status",), ("demo",)], ids=lambda command: command[0])
def test_a_home_that_is_a_file_is_left_alone(place: Place, command: tuple[str, ...]) -> None:
    file = place.aside / "file"
    file.write_text("mine")
    result = Place(file, place.aside, place.api, place.prefect).run(*command)
    assert_plain(result, str(file), "--home")
    assert file.read_text() == "mine"


def test_a_home_that_cannot_be_made_is_told(place: Place) -> None:
    """Nobody, not even root, makes a folder in /sys."""
    home = Path("/sys/conductor")
    assert_plain(Place(home, place.aside, place.api, place.prefect).run(*RUN), str(home), "--home")
    assert not home.exists()


def test_debug_shows_where_in_the_code(place: Place) -> None:
    result = place.run("query", "drop table marts.fct_sales", "--debug")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


# --- failures in mid-run: what is whole stays, nothing is half-written, and the same command later carries the day


def assert_stopped_at_the_warehouse(
    place: Place, before: dict[str, str], error_class: str, *steps: str
) -> None:
    """A run that could load and not build has changed the warehouse, and nothing that a reader of the marts sees."""
    slot = f"finance/sales_receipts/{OTHER_DAY}"
    ((outcome, error, step),) = query(
        place, f"SELECT outcome, error_class, step FROM attempts WHERE slot = '{slot}'"
    )
    assert (outcome, error) == ("failed", error_class)
    assert step in steps
    loaded = step == "build"
    reached = query(place, f"SELECT reached FROM batches WHERE slot = '{slot}'")
    assert reached == [("loaded" if loaded else "published",)]
    kept = {
        name: found for name, found in evidence(before).items() if not (loaded and name == "warehouse.duckdb")
    }
    assert "warehouse.read.duckdb" in kept
    assert kept.items() <= evidence(stores(place)).items()
    loads = DuckDBWarehouse(place.home / "warehouse.duckdb").loads()
    assert [load.batch.slot.day.isoformat() for load in loads] == [DAY, OTHER_DAY][: 1 + loaded]
    assert_every_raw_object_is_whole(place)


def assert_every_raw_object_is_whole(place: Place) -> None:
    for root in ("store", "backup"):
        objects = [path.parent for path in (place.home / root).rglob("records.parquet")]
        assert objects
        for folder in objects:
            manifest = json.loads((folder / "manifest.json").read_text())
            data = (folder / "records.parquet").read_bytes()
            assert sha256(data).hexdigest() in json.dumps(manifest)
        assert not list((place.home / root).rglob(".unfinished/*"))


def test_a_full_disk_stops_the_run_and_the_day_is_carried_when_there_is_room(place: Place) -> None:
    before = stores(place)
    result = place.run(*RUN_OTHER, limit=LARGEST_FILE)
    assert_plain(result, "the disk of the warehouse", "conductor doctor")
    # DuckDB uses the room within its file first: a load may still fit where the marts do not.
    assert_stopped_at_the_warehouse(place, before, "StopAndCall", "load", "build")
    again = place.run(*RUN_OTHER)
    assert again.returncode == 0, again.stderr
    told = json.loads(place.run("status", "--json").stdout)
    assert told["well"], told["verdict"]


def test_a_warehouse_that_another_process_holds_is_told_with_its_pid(place: Place) -> None:
    before = stores(place)
    command = [sys.executable, "-c", HOLD, str(place.home / "warehouse.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        result = place.run(*RUN_OTHER, CONDUCTOR_STEP_RETRIES="0")
        holder.stdin.close()
    assert_plain(result, f"process {holder.pid} is writing the warehouse", "conductor status")
    assert_stopped_at_the_warehouse(place, before, "RetryLater", "load")


def test_an_empty_day_is_an_error_where_the_contract_says_that_no_day_is_empty(place: Place) -> None:
    """Our own company's API, so that it knows our consent; receipts may not be empty, by their contract."""
    before = stores(place)
    with sandbox(place.home / "sandbox") as api:
        own = Place(place.home, place.aside, api, place.prefect)
        result = own.run("run", "nightly-financials", "--day", EMPTY_DAY, **own.credentials)
    assert_plain(result, "a day of this product is never empty", "conductor explain")
    after = stores(place)
    assert evidence(before).items() <= after.items()
    new = [name for name in after.keys() - before.keys() if "curated/finance/sales_receipts" in name]
    assert not [name for name in new if "_delta_log" in name]
