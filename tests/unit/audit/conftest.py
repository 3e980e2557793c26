"""A home in which a day was carried and then corrected, by the product itself; each test breaks a copy of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from sqlalchemy import create_engine, text

from conductor.audit import AuditReport, Evidence, GroupBooks, Scope, audit
from conductor.audit.books import Company
from conductor.errors import FixTheConfiguration
from conductor.ledger import Ledger
from conductor.settings import Settings
from conductor.stores import StoreKind, open_store
from conductor.tables import CuratedTable
from conductor.values import Slot
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.workspace import load_products

ROOT = Path(__file__).parents[3]
SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 20))
EVERYTHING = Scope()
RATES = Slot(dataset="finance/fx_rates", day=date(2026, 11, 20))


def conductor(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Type a command, as a person would."""
    command = [sys.executable, "-m", "conductor.cli.main", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def no_books() -> Company:
    raise FixTheConfiguration("no accounting API is set")


@dataclass(frozen=True)
class Home:
    """A home to break. `first` and `second` are the ids of the slot's two batches."""

    path: Path
    first: str
    second: str

    def evidence(self) -> Evidence:
        store = open_store(StoreKind.FOLDER, root=self.path / "store")
        return Evidence(
            products=load_products(()),
            raw=store,
            lake=store,
            backup=open_store(StoreKind.FOLDER, root=self.path / "backup"),
            ledger=self.ledger(),
            warehouse=DuckDBWarehouse(self.path / "warehouse.duckdb"),
            books=GroupBooks(no_books, Settings()),
            settings=Settings(),
        )

    def ledger(self) -> Ledger:
        return Ledger(f"sqlite:///{self.path / 'ledger.sqlite'}", lambda: datetime.now(UTC))

    def audit(self, scope: Scope = EVERYTHING, **parts: object) -> AuditReport:
        return audit(replace(self.evidence(), **parts), scope, self.path / "scratch", lambda _: None)

    def broken(self, scope: Scope = EVERYTHING) -> set[str]:
        """Name the invariants that an audit finds broken."""
        return {finding.invariant.value for finding in self.audit(scope).findings}

    def table(self, slot: Slot = SLOT) -> CuratedTable:
        return self.evidence().table(slot.dataset)

    def file(self, pattern: str) -> Path:
        """Give the first file of the home that a pattern names."""
        return min(self.path.glob(pattern))

    def in_ledger(self, statement: str, **values: object) -> None:
        engine = create_engine(f"sqlite:///{self.path / 'ledger.sqlite'}")
        with engine.begin() as connection:
            assert connection.execute(text(statement), values).rowcount > 0
        engine.dispose()

    def in_warehouse(self, statement: str) -> None:
        with duckdb.connect(str(self.path / "warehouse.duckdb")) as connection:
            connection.execute(statement)

    def rewrite(self, path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        """Change the rows of a Parquet file behind everybody's back."""
        changed = change(pl.read_parquet(path, hive_partitioning=False))
        changed.write_parquet(path)

    def current_file(self) -> Path:
        """Give the one file that readers of the lake see of the slot."""
        [uri] = self.table().files(SLOT)
        return Path(uri)


@pytest.fixture(scope="session")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Carry a day of 120 receipts; then send two of the lines that were set aside home again, as version 2."""
    path = tmp_path_factory.mktemp("audited") / "home"
    day = conductor("demo", "--receipts", "120", "--home", str(path), "--json")
    assert day.returncode == 0, day.stderr
    first = json.loads(day.stdout)["batch"]
    mended = conductor(
        *("replay", first, "--set", "Line.SalesItemLineDetail.ItemRef.value=1"),
        *("--where", "_reasons=UNKNOWN_ITEM", "--by", "ada", "--reason", "wrong item", "--home", str(path)),
    )
    assert mended.returncode == 0, mended.stderr
    ledger = Home(path, first, "").ledger()
    current = ledger.current(SLOT)
    ledger.close()
    assert current
    assert current.batch.version == 2
    return Home(path, first, current.batch.id)


@pytest.fixture
def home(carried: Home, tmp_path: Path) -> Home:
    ignored = shutil.ignore_patterns("prefect", "dbt", "logs", "docs")
    shutil.copytree(carried.path, tmp_path / "home", ignore=ignored)
    return replace(carried, path=tmp_path / "home")
