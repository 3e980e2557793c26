"""The marts, built by dbt from real loads: what they say after each version of a day, and how a build fails."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from datetime import date
from decimal import Decimal
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import psutil
import pytest
from receipts import CONTRACT, NOW, Line, batch, line, rows, slot, tax

from conductor.errors import FixTheConfiguration, FixTheData, Missing, RetryLater
from conductor.warehouses import build as module
from conductor.warehouses.build import BuildResult, build
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.warehouses.protocol import Revenue

PROJECT = Path(__file__).parents[3] / "dbt"
SALES = "source:finance.sales_receipts+"
MONDAY, TUESDAY = "2026-01-05", "2026-01-06"


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """Give an empty warehouse."""
    return DuckDBWarehouse(tmp_path / "warehouse.duckdb", patience=0.3)


def put(warehouse: DuckDBWarehouse, day: str, version: int, lines: list[Line]) -> None:
    warehouse.load(CONTRACT, batch(slot(day), version), 1, rows(lines), NOW)


def build_pending(warehouse: DuckDBWarehouse, project: Path = PROJECT) -> BuildResult:
    pending = warehouse.pending()
    days = tuple(sorted({day for load in pending for day in load.days}))
    result = build(warehouse.build_target(), project, warehouse.file.parent / "dbt", SALES, days)
    warehouse.mark_built(pending[-1].sequence)
    warehouse.swap_read_copy()
    return result


def revenue(receipts: int, lines: int, net: str, taxed: str = "0.00") -> Revenue:
    gross = Decimal(net) + Decimal(taxed)
    return Revenue(
        "USD", receipts, lines, Decimal(net), Decimal(taxed), gross, Decimal(net), Decimal(taxed), gross
    )


def on(warehouse: DuckDBWarehouse, day: str) -> tuple[Revenue, ...]:
    return warehouse.daily_revenue(date.fromisoformat(day))


def customers(warehouse: DuckDBWarehouse) -> tuple[tuple[object, ...], ...]:
    return warehouse.query("SELECT * FROM marts.dim_customer ORDER BY customer_id").rows


def test_the_marts_follow_each_version_of_each_day(warehouse: DuckDBWarehouse) -> None:
    monday, tuesday = date.fromisoformat(MONDAY), date.fromisoformat(TUESDAY)
    euros: Line = {"currency": "EUR", "rate": Decimal("1.5"), "net_home": Decimal("15.00")}
    discount: Line = {"line_type": "discount", "net_amount": Decimal("-5.00"), "net_home": Decimal("-5.00")}
    nothing: Line = {"net_amount": Decimal(0), "net_home": Decimal(0)}
    first = [
        line("R1", 1, MONDAY, "100.00"),
        line("R1", 2, MONDAY, "5.00", **discount),
        tax("R1", 3, MONDAY, "9.50"),
        line("R2", 1, MONDAY, "10.00", customer_id="C2", customer_name="Bo", **euros),
        line("R3", 1, MONDAY, "0.00", customer_id="C3", voided=True),
        line("R4", 1, MONDAY, "0.00", customer_id=None, line_type="note", **nothing),
        line("R5", 1, MONDAY, "90071992547409.93", customer_id=None),
    ]
    put(warehouse, MONDAY, 1, first)
    put(warehouse, TUESDAY, 1, [line("R6", 1, TUESDAY, "60.00", customer_name="Ada L.")])
    result = build_pending(warehouse)
    assert set(result.models) == {"fct_sales", "dim_customer", "dim_date", "mart_daily_revenue"}
    assert result.tests > 20
    euro_revenue = Revenue("EUR", 1, 1, *map(Decimal, ("10.00", "0.00", "10.00", "15.00", "0.00", "15.00")))
    # 100 - 5 + 90071992547409.93 without tax; the voided receipt and the note count nowhere.
    assert on(warehouse, MONDAY) == (euro_revenue, revenue(2, 4, "90071992547504.93", "9.50"))
    assert on(warehouse, TUESDAY) == (revenue(1, 1, "60.00"),)
    assert customers(warehouse) == (("C1", "Ada L.", monday, tuesday), ("C2", "Bo", monday, monday))
    types = {(column.table, column.column): column.type for column in warehouse.schema_types()}
    assert types["marts.mart_daily_revenue", "gross"] == "DECIMAL(38,2)"
    assert not {"FLOAT", "DOUBLE"} & set(types.values())

    # A new version: R1 loses its discount, R2 and R5 go, R7 comes. Tuesday is not built again.
    put(
        warehouse,
        MONDAY,
        2,
        [first[0], first[2], line("R7", 1, MONDAY, "7.00", customer_id="C7", customer_name="Cy")],
    )
    build_pending(warehouse)
    assert on(warehouse, MONDAY) == (revenue(2, 3, "107.00", "9.50"),)
    assert on(warehouse, TUESDAY) == (revenue(1, 1, "60.00"),)
    assert customers(warehouse) == (("C1", "Ada L.", monday, tuesday), ("C7", "Cy", monday, monday))

    # R7 moves to Tuesday, which takes it from Monday; then all of Monday goes.
    moved = line("R7", 1, TUESDAY, "7.00", customer_id="C7", customer_name="Cy", sync_token=1)
    put(warehouse, TUESDAY, 2, [line("R6", 1, TUESDAY, "60.00", customer_name="Ada L."), moved])
    build_pending(warehouse)
    assert on(warehouse, MONDAY) == (revenue(1, 2, "100.00", "9.50"),)
    assert on(warehouse, TUESDAY) == (revenue(2, 2, "67.00"),)
    put(warehouse, MONDAY, 3, [])
    build_pending(warehouse)
    assert on(warehouse, MONDAY) == ()
    assert customers(warehouse) == (("C1", "Ada L.", tuesday, tuesday), ("C7", "Cy", tuesday, tuesday))
    assert warehouse.query("SELECT count(*), min(date_day), max(date_day) FROM marts.dim_date").rows == (
        (365, date(2026, 1, 1), date(2026, 12, 31)),
    )


def test_a_build_leaves_this_process_and_the_project_as_they_were(
    warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "1.00")])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    # A user's own settings for dbt do not reach the build.
    monkeypatch.setenv("DBT_PROFILES_DIR", str(elsewhere))
    monkeypatch.setenv("DBT_TARGET", "nonsense")
    monkeypatch.setenv("BUILD_DAYS", "1999-01-01")
    files = {path: path.stat().st_mtime_ns for path in PROJECT.rglob("*")}
    environment, handlers = dict(os.environ), list(logging.getLogger().handlers)
    build(DuckDBWarehouse(Path("../warehouse.duckdb")).build_target(), PROJECT, Path("../dbt work"), SALES, (date.fromisoformat(MONDAY),))
    assert on(warehouse, MONDAY) == (revenue(1, 1, "1.00"),)
    assert Path.cwd() == elsewhere
    assert list(elsewhere.iterdir()) == []
    assert dict(os.environ) == environment
    assert logging.getLogger().handlers == handlers
    assert {path: path.stat().st_mtime_ns for path in PROJECT.rglob("*")} == files
    assert (tmp_path / "dbt work" / "logs" / "dbt.log").exists()


def test_rows_that_break_a_test_fail_the_build_in_one_sentence(warehouse: DuckDBWarehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "1.00", line_type="gift")])
    with pytest.raises(FixTheData, match="test .*accepted_values.*line_type.*: Got 1 result") as caught:
        build_pending(warehouse)
    assert "\n" not in caught.value.sentence
    assert caught.value.next_command is not None
    assert caught.value.next_command.endswith("dbt.log")
    assert len(warehouse.pending()) == 1


def mutated(tmp_path: Path, file: str, old: str, new: str) -> Path:
    project = tmp_path / "mutated"
    shutil.copytree(PROJECT, project)
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")
    return project


@pytest.mark.parametrize(
    ("file", "old", "new", "caught_by"),
    [
        (
            "models/marts/mart_daily_revenue.sql",
            "sum(net_home) as",
            "sum(net_amount) as",
            "daily_revenue_equals_its_source",
        ),
        ("models/staging/stg_sales_receipts.sql", "not voided and", "", "only_sales_are_facts"),
        ("models/marts/fct_sales.sql", "from {{ ref", "from range(2), {{ ref", "unique_together_fct_sales"),
    ],
)
def test_a_mistake_in_a_model_is_caught_by_a_test(
    warehouse: DuckDBWarehouse, tmp_path: Path, file: str, old: str, new: str, caught_by: str
) -> None:
    put(
        warehouse,
        MONDAY,
        1,
        [
            line("R1", 1, MONDAY, "2.00", currency="EUR", rate=Decimal("1.5"), net_home=Decimal("3.00")),
            line("R2", 1, MONDAY, "0.00", voided=True),
        ],
    )
    with pytest.raises(FixTheData, match=caught_by):
        build_pending(warehouse, mutated(tmp_path, file, old, new))


def test_a_project_that_dbt_cannot_read_is_said_plainly(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    put(warehouse, MONDAY, 1, [])
    project = mutated(tmp_path, "models/marts/fct_sales.sql", "ref('stg_sales_receipts')", "ref('nothing')")
    with pytest.raises(FixTheConfiguration, match="dbt cannot build: .*nothing"):
        build_pending(warehouse, project)


def test_a_selection_of_nothing_is_refused(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    put(warehouse, MONDAY, 1, [])
    with pytest.raises(
        FixTheConfiguration, match="nothing in the dbt project is selected by source:finance.unknown"
    ):
        build(
            warehouse.build_target(),
            PROJECT,
            tmp_path / "dbt",
            "source:finance.unknown+",
            (date.fromisoformat(MONDAY),),
        )


def test_without_days_there_is_nothing_to_build(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    assert build(warehouse.build_target(), PROJECT, tmp_path / "dbt", SALES, ()) == BuildResult((), 0, 0.0)
    assert not (tmp_path / "dbt").exists()


def test_without_dbt_the_extra_is_named(
    warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", nothing)
    with pytest.raises(Missing) as caught:
        build(warehouse.build_target(), PROJECT, tmp_path / "dbt", SALES, (date.fromisoformat(MONDAY),))
    assert "cloud-conductor[dbt]" in str(caught.value.next_command)


def test_a_warehouse_that_another_process_has_can_be_built_later(warehouse: DuckDBWarehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "1.00")])
    hold = f"import duckdb; c = duckdb.connect({str(warehouse.file)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RetryLater, match="the warehouse is busy"):
            build(
                warehouse.build_target(), PROJECT, warehouse.file.parent / "dbt", SALES, (date.fromisoformat(MONDAY),)
            )
        holder.kill()
    build_pending(warehouse)
    assert on(warehouse, MONDAY) == (revenue(1, 1, "1.00"),)


@pytest.mark.parametrize("killed_after", ["fct_sales", "dim_customer"])
def test_a_build_that_is_killed_between_two_models_is_made_good_by_the_next(
    warehouse: DuckDBWarehouse, killed_after: str
) -> None:
    put(
        warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "1.00"), line("R2", 1, MONDAY, "2.00", customer_id="C2")]
    )
    build_pending(warehouse)
    put(warehouse, MONDAY, 2, [line("R1", 1, MONDAY, "10.00", customer_name="Ada L.")])
    log = warehouse.file.parent / "dbt" / "logs" / "dbt.log"
    log.unlink()
    died: list[str] = []

    def run() -> None:
        try:
            build_pending(warehouse)
        except RetryLater as error:
            died.append(error.sentence)

    running = threading.Thread(target=run)
    running.start()
    while running.is_alive():
        if log.exists() and f"Finished running node model.cloud_conductor.{killed_after}" in log.read_text():
            for child in psutil.Process().children():
                if "dbt.cli.main" in " ".join(child.cmdline()):
                    child.kill()
            break
        running.join(0.005)
    running.join()
    assert died == ["dbt was killed by signal 9"]
    build_pending(warehouse)
    assert on(warehouse, MONDAY) == (revenue(1, 1, "10.00"),)
    monday = date.fromisoformat(MONDAY)
    assert customers(warehouse) == (("C1", "Ada L.", monday, monday),)


def test_a_build_that_takes_too_long_is_stopped(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    put(warehouse, MONDAY, 1, [])
    with pytest.raises(RetryLater, match=r"stopped after 0\.01 s"):
        build(warehouse.build_target(), PROJECT, tmp_path / "dbt", SALES, (date.fromisoformat(MONDAY),), timeout=0.01)
    assert warehouse.loads()
