"""The marts say the same on every warehouse, row for row, after the same loads; and no reader ever sees one empty or half."""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from receipts import CONTRACT, NOW, Line, batch, line, rows, slot, tax

from conductor.errors import FixTheConfiguration
from conductor.warehouses.build import build
from conductor.warehouses.duckdb import DuckDBWarehouse
from conductor.warehouses.postgres import PostgresWarehouse
from conductor.warehouses.protocol import Warehouse
from servers.warehouses import new_warehouse

PROJECT = Path(__file__).parents[3] / "dbt"
SALES = "source:finance.sales_receipts+"
SEED = 20260105
MARTS = {
    "fct_sales": "receipt_id, line_id",
    "dim_customer": "customer_id",
    "dim_date": "date_day",
    "mart_daily_revenue": "business_date, currency",
}
DAYS = [date(2026, 1, 5) + timedelta(days=number) for number in range(3)]


@pytest.fixture
def postgres(postgres_url: str) -> PostgresWarehouse:
    """Give an empty warehouse."""
    return PostgresWarehouse(new_warehouse(postgres_url).url)


def build_pending(warehouse: Warehouse, work: Path) -> None:
    pending = warehouse.pending()
    days = tuple(sorted({day for load in pending for day in load.days}))
    with warehouse.building():
        build(warehouse.build_target(), PROJECT, work, SALES, days)
    warehouse.mark_built(pending[-1].sequence)
    warehouse.swap_read_copy()


def content(warehouse: Warehouse, mart: str) -> tuple[tuple[object, ...], ...]:
    columns = sorted(
        column.column for column in warehouse.schema_types() if column.table == f"marts.{mart}"
    )
    assert columns
    # As texts, so that a digit more or less behind the point would be seen.
    found = warehouse.query(f"SELECT {', '.join(columns)} FROM marts.{mart} ORDER BY {MARTS[mart]}")
    return (tuple(columns), *(tuple(map(str, row)) for row in found.rows))


def lines_of(day: date, chance: random.Random) -> list[Line]:
    found: list[Line] = []
    for receipt in chance.sample(range(20), chance.randrange(1, 12)):
        amount = Decimal(chance.randrange(1, 10**9)) / 100
        euros: Line = {"currency": "EUR", "rate": Decimal("1.234567"), "net_home": (amount * 2).quantize(Decimal("0.01"))}
        who = chance.choice(["C1", "C2", "c3", "Ä-4", "C 5", None])
        other: Line = {
            "customer_id": who,
            "customer_name": who and f"{who} {chance.choice(['Ltd', 'ltd', 'ß'])}",
            "voided": chance.random() < 0.1,
            "updated_at": NOW + timedelta(seconds=chance.randrange(3)),
            "sync_token": chance.randrange(3),
            **(euros if chance.random() < 0.3 else {}),
        }
        name = f"{day.day}-{receipt}"
        found.append(line(name, 1, day.isoformat(), str(amount), **other))
        found.append(tax(name, 2, day.isoformat(), "1.19", **{**other, "net_home": Decimal("0.00")}))
    return found


def test_all_marts_are_equal_after_the_same_loads(postgres: PostgresWarehouse, tmp_path: Path) -> None:
    print("seed", SEED)
    chance = random.Random(SEED)
    embedded = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    for round_ in range(1, 4):
        for day in DAYS if round_ == 1 else chance.sample(DAYS, 2):
            arriving = rows(lines_of(day, chance))
            of = slot(day.isoformat())
            for warehouse in (embedded, postgres):
                version = warehouse.highest_version(of) + 1
                warehouse.load(CONTRACT, batch(of, version), 1, arriving, NOW)
        for name, warehouse in (("duckdb", embedded), ("postgres", postgres)):
            build_pending(warehouse, tmp_path / name)
        for mart in MARTS:
            assert content(postgres, mart) == content(embedded, mart), (round_, mart)
    assert [postgres.daily_revenue(day) for day in DAYS] == [embedded.daily_revenue(day) for day in DAYS]
    assert any(postgres.daily_revenue(day) for day in DAYS)


def test_readers_see_each_mart_as_it_was_or_as_it_is(postgres: PostgresWarehouse, tmp_path: Path) -> None:
    monday = slot("2026-01-05")
    expected = set()
    seen: set[tuple[object, ...]] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = postgres.query(
                "SELECT receipts, gross, (SELECT count(*) FROM marts.dim_date) FROM marts.mart_daily_revenue"
            )
            seen.update(found.rows or [("empty",)])

    reader = threading.Thread(target=read)
    for version in range(1, 4):
        lines = [line(f"R{n}", 1, "2026-01-05", f"{version}.00") for n in range(version)]
        postgres.load(CONTRACT, batch(monday, version), 1, rows(lines), NOW)
        build_pending(postgres, tmp_path / "dbt")
        expected.add((version, Decimal(version * version), 365))
        if version == 1:
            reader.start()
    done.set()
    reader.join()
    assert seen
    assert seen <= expected


def test_the_password_is_in_no_file(postgres: PostgresWarehouse, tmp_path: Path) -> None:
    postgres.load(CONTRACT, batch(slot("2026-01-05")), 1, rows([line("R1", 1, "2026-01-05", "1.00")]), NOW)
    build_pending(postgres, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary" in path.read_bytes()]


def test_a_wrong_password_is_said_without_it(postgres_url: str, tmp_path: Path) -> None:
    made = new_warehouse(postgres_url)
    with psycopg.connect(made.admin_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    gone = PostgresWarehouse(made.url.replace("/warehouse_", "/nowhere_"))
    with pytest.raises(FixTheConfiguration) as caught:
        build(gone.build_target(), PROJECT, tmp_path, SALES, (DAYS[0],))
    assert "canary" not in str(caught.value)
