"""Rows set aside lie there once, whole, and can be read by people."""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from conductor.errors import FixTheConfiguration, StopAndCall
from conductor.quality.quarantine import entries, export, quarantine, rows
from conductor.stores import StoreKind, open_store
from conductor.stores.protocol import Store
from quality.batches import a_batch

REJECTED = [
    {"id": "R-1", "amount": "abc", "_line": "1", "_reasons": "BAD_AMOUNT"},
    {"id": None, "amount": "-3.00", "_line": "2", "_reasons": "MISSING_ID;TOO_SMALL"},
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(StoreKind.FOLDER, root=tmp_path / "lake")


def a_file(tmp_path: Path, found: list[dict[str, str | None]], name: str = "rejected") -> Path:
    path = tmp_path / f"{name}.parquet"
    pl.DataFrame(found).write_parquet(path)
    return path


def test_rejected_rows_are_read_back_verbatim_under_the_key_of_their_batch(
    tmp_path: Path, store: Store
) -> None:
    path = a_file(tmp_path, REJECTED)
    part = quarantine(store, a_batch(), path)
    assert part.key == f"quarantine/finance/receipts/{a_batch().id}/rejected.parquet"
    assert (part.size, part.sha256) == (path.stat().st_size, sha256(path.read_bytes()).hexdigest())
    assert rows(store, part.key).to_dicts() == REJECTED


def test_the_same_rows_in_another_order_change_nothing(tmp_path: Path, store: Store) -> None:
    first = quarantine(store, a_batch(), a_file(tmp_path, REJECTED))
    turned = [dict(reversed(row.items())) for row in reversed(REJECTED)]
    assert quarantine(store, a_batch(), a_file(tmp_path, turned, "again")) == first
    assert rows(store, first.key).to_dicts() == REJECTED


def test_the_same_rows_of_another_owner_are_the_same_rows(tmp_path: Path, store: Store) -> None:
    """A team may be renamed without a new version, and rows set aside before they had an owner have none."""
    first = quarantine(store, a_batch(), a_file(tmp_path, REJECTED))
    owned = [row | {"_owner": "sales"} for row in REJECTED]
    assert quarantine(store, a_batch(), a_file(tmp_path, owned, "again")) == first


def test_other_rows_of_the_same_batch_are_refused(tmp_path: Path, store: Store) -> None:
    first = quarantine(store, a_batch(), a_file(tmp_path, REJECTED))
    with pytest.raises(StopAndCall, match=a_batch().id):
        quarantine(store, a_batch(), a_file(tmp_path, REJECTED[:1], "fewer"))
    assert rows(store, first.key).to_dicts() == REJECTED


def test_entries_are_found_by_dataset(tmp_path: Path, store: Store) -> None:
    other = a_batch("other")
    other = other.model_copy(update={"slot": other.slot.model_copy(update={"dataset": "sales/orders"})})
    for batch in (a_batch(), other):
        quarantine(store, batch, a_file(tmp_path, REJECTED))
    assert [(entry.dataset, entry.batch) for entry in entries(store)] == [
        ("finance/receipts", a_batch().id),
        ("sales/orders", other.id),
    ]
    assert [entry.batch for entry in entries(store, "sales/orders")] == [other.id]
    assert list(entries(store, "sales/nothing")) == []
    with pytest.raises(FixTheConfiguration):
        list(entries(store, "../etc"))


def test_an_export_leads_with_the_reasons_and_holds_no_formula(tmp_path: Path) -> None:
    hostile = [
        {"id": "=HYPERLINK(1)", "amount": "-3.00", "note": 'a "b",\nc\rd;e', "_line": "1", "_reasons": "X"}
    ]
    export(pl.DataFrame(hostile), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["_reasons", "id", "amount", "note", "_line"]
    assert found == [{**hostile[0], "id": "'=HYPERLINK(1)"}]


def test_an_export_shows_missing_values_as_empty_cells(tmp_path: Path) -> None:
    export(pl.DataFrame(REJECTED), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["R-1", ""]
