"""Objects that nobody knows, documents that moved to another day, and products that have moved on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from conductor import raw
from conductor.audit import Invariant, Scope
from conductor.records import write_records
from conductor.tables import file_prefix
from conductor.values import Batch, DataFile, Extract, LocalPart, Slot

from .conftest import SLOT, Home

NEXT_DAY = Slot(dataset=SLOT.dataset, day=date(2026, 11, 21))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def part(path: Path) -> LocalPart:
    data = path.read_bytes()
    return LocalPart(name=path.name, path=str(path), size=len(data), sha256=hashlib.sha256(data).hexdigest())


def land_behind_the_ledgers_back(home: Home, folder: Path, slot: Slot) -> str:
    page, records = folder / "page-0001.json", folder / "records.parquet"
    page.write_text("{}")
    rows = write_records([{"Id": "1", "Line": []}], records)
    extract = Extract(
        slot=slot,
        source="quickbooks:1",
        request="by hand",
        parts=(part(page),),
        records=part(records),
        rows=rows,
        documents=1,
        canonical_sha256="0" * 64,
        as_of=NOW,
    )
    return raw.land(home.evidence().raw, extract).object_id


def publish_and_load(home: Home, slot: Slot, rows: pl.DataFrame) -> None:
    """Carry rows to lake and warehouse as a batch of a slot, as a run would."""
    evidence, table = home.evidence(), home.table(slot)
    lease = evidence.ledger.acquire(slot.id, "a run", timedelta(hours=1), lambda _: True)  # type: ignore[attr-defined]
    evidence.ledger.begin(slot, "run", lease.epoch)  # type: ignore[attr-defined]
    evidence.ledger.release(lease)  # type: ignore[attr-defined]
    batch = Batch(
        id="e" * 32, slot=slot, version=1, object_ids=(), contract_version="1.0.0", refine_sha256=""
    )
    partition = (("year", f"{slot.day:%Y}"), ("month", f"{slot.day:%m}"), ("day", f"{slot.day:%d}"))
    name = "/".join(
        [*(f"{key}={value}" for key, value in partition), f"{file_prefix(batch, lease.epoch)}-0.parquet"]
    )
    path = Path(table.uri) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path)
    file = DataFile(path=name, rows=len(rows), size=path.stat().st_size, partition=partition)
    table.publish(batch, (file,), lease.epoch, NOW)
    evidence.warehouse.load(table.contract, batch, lease.epoch, table.read(slot), NOW)


def test_a_raw_object_that_nobody_knows_is_found(home: Home, tmp_path: Path) -> None:
    object_id = land_behind_the_ledgers_back(home, tmp_path, SLOT)
    [finding] = home.audit().findings
    assert (finding.invariant, finding.object_id) == (Invariant.I4, object_id)
    assert finding.next_command == "conductor reconcile"


def test_a_raw_object_of_a_day_that_nobody_knows_is_found(home: Home, tmp_path: Path) -> None:
    object_id = land_behind_the_ledgers_back(home, tmp_path, NEXT_DAY)
    [finding] = home.audit(Scope(day=NEXT_DAY.day)).findings
    assert (finding.invariant, finding.slot, finding.object_id) == (Invariant.I4, NEXT_DAY.id, object_id)


def test_a_line_that_another_day_has_in_a_newer_version_is_not_missed_in_the_warehouse(home: Home) -> None:
    here = pl.read_parquet(home.current_file(), hive_partitioning=False)
    moved = here.filter(pl.col("amount") > 0).head(1)
    publish_and_load(
        home,
        NEXT_DAY,
        moved.with_columns(pl.col("sync_token") + 1, pl.lit(NEXT_DAY.day).alias("business_date")),
    )
    with duckdb.connect(str(home.path / "warehouse.duckdb")) as connection:
        query = "SELECT count(*) FROM finance.sales_receipts WHERE _slot = ?"
        assert connection.execute(query, [SLOT.id]).fetchall() == [(len(here) - 1,)]
    assert home.audit(Scope(day=SLOT.day)).clean


def test_a_line_that_left_the_warehouse_for_no_newer_one_is_missed(home: Home) -> None:
    here = pl.read_parquet(home.current_file(), hive_partitioning=False)
    older = here.filter(pl.col("amount") > 0).head(1).with_columns(pl.col("sync_token") - 1)
    publish_and_load(home, NEXT_DAY, older)
    home.in_warehouse(
        "DELETE FROM finance.sales_receipts WHERE rowid = (SELECT min(rowid) FROM finance.sales_receipts WHERE amount > 0)"
    )
    assert home.broken(Scope(day=SLOT.day)) == {"I3", "I8"}


def test_a_batch_of_an_older_contract_is_not_judged_by_the_newer_one(home: Home) -> None:
    products = dict(home.evidence().products)
    product = products[SLOT.dataset]
    products[SLOT.dataset] = replace(product, contract=replace(product.contract, version="1.1.0"))
    report = home.audit(Scope(SLOT.dataset), products=products)
    assert report.clean
    told = [note.sentence for note in report.unchecked if note.invariant is Invariant.I8]
    assert len(told) == 1
    assert "it was made with contract 1.0.0" in told[0]
