"""The shape of arriving rows, and their hashes."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from receipts import CONTRACT, line, rows

from conductor.contracts.typed import arrow_schema
from conductor.errors import FixTheConfiguration, FixTheData
from conductor.warehouses.arrow import conform
from conductor.warehouses.rowhash import canonical, hash_rows

SCHEMA = arrow_schema(CONTRACT.columns)


def one(**other: object) -> pa.RecordBatch:
    return rows([line("R1", 1, "2026-01-05", "10.00", **other)])[0]


def as_type(name: str, values: pa.Array) -> pa.RecordBatch:
    arriving = one()
    return arriving.set_column(arriving.schema.get_field_index(name), name, values)


def test_order_and_further_columns_do_not_matter() -> None:
    arriving = one()
    shuffled = arriving.select(list(reversed(arriving.schema.names))).append_column(
        "year", pa.array(["2026"])
    )
    assert conform(CONTRACT, shuffled) == arriving


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("receipt_id", pa.array(["R1"], pa.large_string())),
        ("receipt_id", pa.array(["R1"], pa.string_view())),
        ("sync_token", pa.array([0], pa.int8())),
        ("amount", pa.array([Decimal("10.0")], pa.decimal128(20, 1))),
        (
            "updated_at",
            pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("ns", tz="America/New_York")),
        ),
        ("quantity", pa.nulls(1)),
    ],
)
def test_the_same_value_in_another_width_is_the_same_row(name: str, values: pa.Array) -> None:
    assert conform(CONTRACT, as_type(name, values)) == one()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("amount", pa.array([10.0])),
        ("amount", pa.array(["10.00"])),
        ("amount", pa.array([10])),
        ("business_date", pa.array(["2026-01-05"])),
        ("updated_at", pa.array([datetime(2026, 1, 1)])),
        ("voided", pa.array([0])),
    ],
)
def test_another_kind_is_refused(name: str, values: pa.Array) -> None:
    with pytest.raises(FixTheConfiguration, match=f"bring {name} as"):
        conform(CONTRACT, as_type(name, values))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(FixTheConfiguration, match="without the column voided"):
        conform(CONTRACT, one().drop_columns(["voided"]))


@pytest.mark.parametrize("amount", [pa.array([Decimal("10.001")]), pa.array([Decimal(10) ** 16])])
def test_a_value_that_would_lose_digits_is_refused(amount: pa.Array) -> None:
    with pytest.raises(FixTheData, match="amount does not fit"):
        conform(CONTRACT, as_type("amount", amount))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("null", "null"),
        (Decimal("10.00"), "10.00"),
        (Decimal("1E+3"), "1000"),
        (True, "true"),
        (1, "1"),
        (date(2026, 1, 5), "2026-01-05"),
        (datetime(2026, 1, 5, tzinfo=UTC), "2026-01-05T00:00:00.000000+00:00"),
    ],
)
def test_each_value_has_one_text(value: object, text: str | None) -> None:
    assert canonical(value) == text


def test_the_hash_of_one_row_is_that_of_its_texts_as_a_json_list() -> None:
    texts = (
        '["R1","1","sales","2026-01-05",null,"C1","Ada","I1",null,null,null,"USD","10.00","10.00","0.00",'
        '"1.000000","10.00","0.00","USD","0","2026-01-01T00:00:00.000000+00:00","false"]'
    )
    found = hash_rows(CONTRACT, [one()])
    assert (found.rows, found.sha256) == (1, hashlib.sha256(texts.encode()).hexdigest())


def test_order_does_not_count_and_a_second_copy_does() -> None:
    first, second = one(), one(receipt_id="R2")
    assert hash_rows(CONTRACT, [first, second]) == hash_rows(CONTRACT, [second, first])
    assert hash_rows(CONTRACT, [first, first]) != hash_rows(CONTRACT, [first])
    assert hash_rows(CONTRACT, [first]) != hash_rows(CONTRACT, [second])


def test_values_do_not_run_into_their_neighbours() -> None:
    assert hash_rows(CONTRACT, [one(customer_id="a,b", customer_name="c")]) != hash_rows(
        CONTRACT, [one(customer_id="a", customer_name="b,c")]
    )
