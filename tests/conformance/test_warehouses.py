"""What every warehouse must do with loads, whatever keeps the tables."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from receipts import CONTRACT, NOW, Line, batch, line, rows, slot
from servers.warehouses import new_warehouse, opened

from conductor.contracts.model import Column, Contract, Kind
from conductor.errors import FixTheConfiguration, FixTheData, LeaseLost, StopAndCall, Superseded
from conductor.values import Batch, Loaded, Slot, WarehouseSum
from conductor.warehouses.protocol import Warehouse
from conductor.warehouses.rowhash import hash_rows

MONDAY, TUESDAY = "2026-01-05", "2026-01-06"
DAYS = {MONDAY: slot(MONDAY), TUESDAY: slot(TUESDAY)}


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the place of an empty warehouse of each kind."""
    if request.param == "duckdb":
        return str(tmp_path / "warehouse.duckdb")
    return new_warehouse(request.getfixturevalue("postgres_url")).url


@pytest.fixture
def warehouse(place: str) -> Warehouse:
    """Give an empty warehouse of each kind."""
    return opened(place)


def put(warehouse: Warehouse, day: str, version: int, lines: Sequence[Line], epoch: int = 1) -> Loaded:
    return warehouse.load(CONTRACT, batch(DAYS[day], version), epoch, rows(lines), NOW)


def holds(warehouse: Warehouse, lines: Sequence[Line], of: Slot | None = None) -> bool:
    return warehouse.row_hashes(CONTRACT, of) == hash_rows(CONTRACT, rows(lines))


def test_a_load_records_what_it_did(warehouse: Warehouse) -> None:
    lines = [
        line("R1", 1, MONDAY, "10.10"),
        line("R2", 1, MONDAY, "0.25"),
        line("R3", 1, MONDAY, "7.00", currency="EUR"),
    ]
    loaded = put(warehouse, MONDAY, 1, lines)
    assert loaded == Loaded(
        batch=batch(DAYS[MONDAY]),
        sequence=1,
        rows=3,
        inserted=3,
        updated=0,
        deleted=0,
        sums=(
            WarehouseSum(currency="EUR", amount=Decimal("7.00")),
            WarehouseSum(currency="USD", amount=Decimal("10.35")),
        ),
    )
    assert warehouse.loaded(loaded.batch.id) == loaded
    assert warehouse.loads() == warehouse.loads(DAYS[MONDAY]) == (loaded,)
    assert warehouse.highest_version(DAYS[MONDAY]) == 1
    assert warehouse.sums(CONTRACT, DAYS[MONDAY]) == loaded.sums
    assert holds(warehouse, lines)


def test_an_empty_warehouse_answers(warehouse: Warehouse) -> None:
    assert warehouse.loaded("unknown") is None
    assert warehouse.loads() == warehouse.pending() == warehouse.sums(CONTRACT, DAYS[MONDAY]) == ()
    assert warehouse.highest_version(DAYS[MONDAY]) == 0
    assert holds(warehouse, [])


def test_a_repeated_batch_changes_nothing(warehouse: Warehouse) -> None:
    first = put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    # Even with other rows: the batch's id is what identifies its content.
    assert put(warehouse, MONDAY, 1, [line("R9", 1, MONDAY, "99.00")], epoch=2) == first
    assert warehouse.loads() == (first,)
    assert holds(warehouse, [line("R1", 1, MONDAY, "10.00")])


def test_a_new_version_changes_adds_and_removes_rows(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00"), line("R2", 1, MONDAY, "20.00")])
    put(warehouse, TUESDAY, 1, [line("R8", 1, TUESDAY, "80.00")])
    second = [line("R2", 1, MONDAY, "21.00", sync_token=1), line("R3", 1, MONDAY, "30.00")]
    loaded = put(warehouse, MONDAY, 2, second)
    assert (loaded.rows, loaded.inserted, loaded.updated, loaded.deleted) == (2, 1, 1, 1)
    assert loaded.sums == (WarehouseSum(currency="USD", amount=Decimal("51.00")),)
    assert holds(warehouse, second, DAYS[MONDAY])
    assert holds(warehouse, [line("R8", 1, TUESDAY, "80.00")], DAYS[TUESDAY])


def test_a_new_version_of_the_slot_counts_even_if_its_row_is_older(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00", sync_token=5)])
    corrected = [line("R1", 1, MONDAY, "12.00", sync_token=4)]
    put(warehouse, MONDAY, 2, corrected)
    assert holds(warehouse, corrected)


def test_a_version_without_rows_empties_the_slot(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    loaded = put(warehouse, MONDAY, 2, [])
    assert (loaded.rows, loaded.deleted, loaded.sums) == (0, 1, ())
    assert holds(warehouse, [])


@pytest.mark.parametrize("first", [MONDAY, TUESDAY])
def test_a_row_that_moves_ends_in_its_new_slot_whichever_slot_comes_first(
    warehouse: Warehouse, first: str
) -> None:
    stays, moved = line("R1", 1, MONDAY, "10.00"), line("R2", 1, TUESDAY, "20.00", sync_token=1)
    put(warehouse, MONDAY, 1, [stays, line("R2", 1, MONDAY, "20.00")])
    put(warehouse, TUESDAY, 1, [])
    after = {MONDAY: [stays], TUESDAY: [moved]}
    for day in sorted(after, reverse=first == TUESDAY):
        put(warehouse, day, 2, after[day])
    assert holds(warehouse, [stays], DAYS[MONDAY])
    assert holds(warehouse, [moved], DAYS[TUESDAY])


def test_an_older_row_of_another_slot_never_overwrites(warehouse: Warehouse) -> None:
    newer = line("R1", 1, TUESDAY, "20.00", sync_token=3)
    put(warehouse, TUESDAY, 1, [newer])
    loaded = put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00", sync_token=2)])
    assert (loaded.rows, loaded.inserted, loaded.updated) == (0, 0, 0)
    assert holds(warehouse, [newer])


def test_the_first_of_the_newest_columns_decides_then_the_second_and_a_null_is_oldest(
    warehouse: Warehouse,
) -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    put(
        warehouse,
        MONDAY,
        1,
        [
            line("R1", 1, MONDAY, "1.00", sync_token=1, updated_at=late),
            line("R2", 1, MONDAY, "1.00", sync_token=1, updated_at=late),
            line("R3", 1, MONDAY, "1.00", sync_token=1, updated_at=None),
        ],
    )
    by_token = line("R1", 1, TUESDAY, "2.00", sync_token=2, updated_at=early)
    by_null = line("R3", 1, TUESDAY, "2.00", sync_token=1, updated_at=early)
    put(
        warehouse,
        TUESDAY,
        1,
        [by_token, line("R2", 1, TUESDAY, "2.00", sync_token=1, updated_at=early), by_null],
    )
    assert holds(warehouse, [by_token, by_null], DAYS[TUESDAY])
    assert holds(warehouse, [line("R2", 1, MONDAY, "1.00", sync_token=1, updated_at=late)], DAYS[MONDAY])


@pytest.mark.parametrize("order", [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_rows_of_the_same_age_end_alike_in_any_order_of_loads(
    warehouse: Warehouse, order: tuple[str, str]
) -> None:
    for day in order:
        put(warehouse, day, 1, [line("R1", 1, day, "10.00")])
    assert holds(warehouse, [line("R1", 1, TUESDAY, "10.00")], DAYS[TUESDAY])
    assert holds(warehouse, [], DAYS[MONDAY])


def test_an_older_version_of_a_slot_is_refused_though_it_was_loaded_before(warehouse: Warehouse) -> None:
    first = put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    put(warehouse, MONDAY, 3, [line("R1", 1, MONDAY, "30.00")])
    for version in (1, 2):
        with pytest.raises(Superseded, match="version 3"):
            put(warehouse, MONDAY, version, [line("R1", 1, MONDAY, "20.00")])
    assert warehouse.loaded(first.batch.id) == first
    assert holds(warehouse, [line("R1", 1, MONDAY, "30.00")])


def test_a_second_batch_cannot_claim_the_same_version(warehouse: Warehouse) -> None:
    first = put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    other = first.batch.model_copy(update={"id": "f" * 32})
    with pytest.raises(StopAndCall, match="another batch"):
        warehouse.load(CONTRACT, other, 1, rows([]), NOW)
    assert holds(warehouse, [line("R1", 1, MONDAY, "10.00")])


def test_a_run_that_lost_its_lease_writes_nothing(warehouse: Warehouse) -> None:
    first = put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")], epoch=7)
    with pytest.raises(LeaseLost, match="epoch 6"):
        put(warehouse, MONDAY, 2, [line("R1", 1, MONDAY, "20.00")], epoch=6)
    assert warehouse.loads() == (first,)
    assert holds(warehouse, [line("R1", 1, MONDAY, "10.00")])
    # The fence is the slot's own, and the run that holds it goes on.
    assert put(warehouse, TUESDAY, 1, [], epoch=1).sequence == 2
    assert put(warehouse, MONDAY, 2, [], epoch=7).sequence == 3


def test_a_key_that_is_there_twice_or_missing_refuses_the_whole_load(warehouse: Warehouse) -> None:
    before = [line("R1", 1, MONDAY, "10.00")]
    put(warehouse, MONDAY, 1, before)
    good, twice = line("R2", 1, MONDAY, "1.00"), line("R3", 1, MONDAY, "1.00")
    with pytest.raises(FixTheData, match="receipt_id R3, line_id 1"):
        put(warehouse, MONDAY, 2, [good, twice, twice])
    with pytest.raises(FixTheData, match="without its key"):
        put(warehouse, MONDAY, 2, [good, line("R3", 1, MONDAY, "1.00", line_id=None)])
    assert warehouse.highest_version(DAYS[MONDAY]) == 1
    assert holds(warehouse, before)


def test_money_beyond_what_a_binary_fraction_can_hold_stays_exact(warehouse: Warehouse) -> None:
    large = ["9999999999999999.99", "90071992547409.93", "-0.01"]
    lines = [line(f"R{number}", 1, MONDAY, amount) for number, amount in enumerate(large)]
    loaded = put(warehouse, MONDAY, 1, lines)
    # 9999999999999999.99 + 90071992547409.93 - 0.01, by hand.
    assert loaded.sums == (WarehouseSum(currency="USD", amount=Decimal("10090071992547409.91")),)
    assert warehouse.loaded(loaded.batch.id) == loaded
    assert holds(warehouse, lines)


def test_no_table_has_a_column_of_binary_fractions(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    types = warehouse.schema_types()
    assert {column.column: column.type for column in types if column.table == "finance.sales_receipts"}[
        "amount"
    ].upper() in ("DECIMAL(18,2)", "NUMERIC(18,2)")
    assert not [
        column for column in types if column.type.upper() in ("FLOAT", "DOUBLE", "REAL", "DOUBLE PRECISION")
    ]


def test_a_binary_fraction_is_refused_where_the_contract_says_decimal(warehouse: Warehouse) -> None:
    (arriving,) = rows([line("R1", 1, MONDAY, "10.00")])
    place = arriving.schema.get_field_index("amount")
    floating = arriving.set_column(place, "amount", pa.array([10.0], pa.float64()))
    with pytest.raises(FixTheConfiguration, match="amount as double; the contract says decimal"):
        warehouse.load(CONTRACT, batch(DAYS[MONDAY]), 1, [floating], NOW)


def with_columns(contract: Contract, *columns: Column) -> Contract:
    return replace(contract, version="1.1.0", columns=columns)


def test_a_column_that_is_new_in_the_contract_is_null_in_older_rows(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    wider = with_columns(
        CONTRACT, *CONTRACT.columns, Column("channel", Kind.TEXT, "Where it was sold.", required=True)
    )
    (arriving,) = rows([line("R2", 1, TUESDAY, "20.00")])
    arriving = arriving.append_column("channel", pa.array(["shop"]))
    warehouse.load(wider, batch(DAYS[TUESDAY]), 1, [arriving], NOW)
    (older,) = rows([line("R1", 1, MONDAY, "10.00")])
    assert warehouse.row_hashes(wider) == hash_rows(
        wider, [older.append_column("channel", pa.array([None], pa.string())), arriving]
    )


def test_a_batch_of_an_older_contract_is_still_found_after_the_table_has_gained_a_column(
    warehouse: Warehouse,
) -> None:
    first = put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    wider = with_columns(CONTRACT, *CONTRACT.columns, Column("channel", Kind.TEXT, "Where it was sold."))
    warehouse.load(wider, batch(DAYS[TUESDAY]), 1, [], NOW)
    assert put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")]) == first


@pytest.mark.parametrize("change", ["a column is gone", "a column has another type"])
def test_any_other_change_of_the_columns_is_refused(warehouse: Warehouse, change: str) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    kept = [column for column in CONTRACT.columns if column.name != "quantity"]
    if change == "a column has another type":
        kept.append(Column("quantity", Kind.TEXT, "Pieces sold."))
    (arriving,) = rows([line("R2", 1, TUESDAY, "20.00")])
    place = arriving.schema.get_field_index("quantity")
    arriving = arriving.set_column(place, "quantity", pa.array([None], pa.string()))
    with pytest.raises(FixTheConfiguration, match="quantity as (DECIMAL|numeric).*can only gain columns"):
        warehouse.load(with_columns(CONTRACT, *kept), batch(DAYS[TUESDAY]), 1, [arriving], NOW)
    assert holds(warehouse, [line("R1", 1, MONDAY, "10.00")])


def test_loads_are_pending_until_the_marts_are_built_through_them(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [])
    put(warehouse, TUESDAY, 1, [])
    monday, tuesday = date.fromisoformat(MONDAY), date.fromisoformat(TUESDAY)
    assert [(load.slot, load.sequence, load.days) for load in warehouse.pending()] == [
        (DAYS[MONDAY], 1, (monday,)),
        (DAYS[TUESDAY], 2, (tuesday,)),
    ]
    warehouse.mark_built(1)
    assert [load.sequence for load in warehouse.pending()] == [2]
    warehouse.mark_built(2)
    warehouse.mark_built(1)
    assert warehouse.pending() == ()


def test_a_load_names_the_days_that_lose_a_row_to_it(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    put(warehouse, TUESDAY, 1, [line("R1", 1, TUESDAY, "10.00", sync_token=1)])
    assert warehouse.pending()[-1].days == (date.fromisoformat(MONDAY), date.fromisoformat(TUESDAY))


def test_loads_at_the_same_time_keep_each_key_once(warehouse: Warehouse) -> None:
    parts = [slot(MONDAY, f"store{number}") for number in range(6)]
    shared = [line("R1", 1, MONDAY, "10.00"), line("R2", 1, MONDAY, "20.00")]

    def one(of: Slot) -> Loaded:
        return warehouse.load(CONTRACT, batch(of), 1, rows(shared), NOW)

    with ThreadPoolExecutor(max_workers=6) as pool:
        loads = list(pool.map(one, parts))
    assert sorted(load.sequence for load in loads) == [1, 2, 3, 4, 5, 6]
    assert holds(warehouse, shared)
    assert holds(warehouse, shared, parts[-1])


@pytest.mark.parametrize("seed", range(4))
def test_any_history_of_loads_ends_as_a_plain_reading_of_the_rules_says(
    warehouse: Warehouse, seed: int
) -> None:
    chance = random.Random(seed)
    expected: dict[str, tuple[Slot, Line]] = {}
    slots = [slot(MONDAY), slot(TUESDAY), slot("2026-01-07")]
    versions = dict.fromkeys((of.id for of in slots), 0)
    for _ in range(10):
        of = chance.choice(slots)
        versions[of.id] += 1
        lines = {
            receipt: line(
                receipt, 1, of.day.isoformat(), f"{chance.randrange(99)}.00", sync_token=chance.randrange(4)
            )
            for receipt in chance.sample(["R1", "R2", "R3", "R4", "R5"], chance.randrange(5))
        }
        expected = reference_load(expected, of, lines)
        warehouse.load(CONTRACT, batch(of, versions[of.id]), 1, rows(list(lines.values())), NOW)
        for each in slots:
            assert holds(warehouse, [kept for owner, kept in expected.values() if owner == each], each)


def reference_load(
    before: dict[str, tuple[Slot, Line]], of: Slot, lines: dict[str, Line]
) -> dict[str, tuple[Slot, Line]]:
    """Say in plain words what a load does, by receipt."""
    after = {key: kept for key, kept in before.items() if kept[0] != of or key in lines}
    for key, arriving in lines.items():
        there = after.get(key)
        if there is None or there[0] == of or age(of, arriving) > age(*there):
            after[key] = (of, arriving)
    return after


def age(of: Slot, row: Line) -> tuple[int, str]:
    """Order versions of a row; all have the same `updated_at`."""
    return int(str(row["sync_token"])), of.id


def test_a_batch_survives_the_ledger_with_all_that_identifies_it(warehouse: Warehouse) -> None:
    whole = Batch.model_validate(
        {
            **batch(DAYS[MONDAY]).model_dump(),
            "references": [{"dataset": "finance/fx_rates", "batch": "b" * 32, "table_version": 4}],
        }
    )
    warehouse.load(CONTRACT, whole, 1, rows([]), NOW)
    recorded = warehouse.loaded(whole.id)
    assert recorded is not None
    assert recorded.batch == whole


def test_the_highest_epoch_that_wrote_is_known(warehouse: Warehouse) -> None:
    assert warehouse.highest_epoch() == 0
    for day, epoch in ((MONDAY, 7), (TUESDAY, 3)):
        warehouse.load(CONTRACT, batch(DAYS[day]), epoch, [], NOW)
    assert warehouse.highest_epoch() == 7


def test_queries_at_the_same_time_are_all_answered(warehouse: Warehouse) -> None:
    put(warehouse, MONDAY, 1, [line("R1", 1, MONDAY, "10.00")])
    warehouse.swap_read_copy()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: warehouse.query(f"SELECT {n} AS n").rows, range(40)))
    assert answers == [((n,),) for n in range(40)]
