"""What a curated table promises, on a folder and on S3: one commit per version, seen whole or not at all."""

from __future__ import annotations

import io
import multiprocessing as mp
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from servers.fixtures import arguments
from servers.s3 import S3Server, make_bucket

from conductor.contracts.model import Column, Contract, Kind
from conductor.errors import FixTheConfiguration, LeaseLost, RetryLater, StopAndCall, Superseded
from conductor.stores import Credentials, StoreKind, open_store
from conductor.tables import CuratedTable, file_prefix
from conductor.tables.faults import told_as_ours
from conductor.values import Batch, DataFile, Slot, digest
from conductor.warehouses.arrow import conform

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
SLOT = Slot(dataset="finance/receipts", day=DAY)
COLUMNS = (
    Column("id", Kind.TEXT, "number of the receipt", required=True),
    Column("amount", Kind.DECIMAL, "gross", precision=18, scale=2),
    Column("sold_on", Kind.DATE, "business date"),
)
CONTRACT = Contract(
    dataset="finance/receipts",
    version="1.0.0",
    owner="finance",
    description="receipts",
    source="test",
    entity="receipt",
    fields=(),
    rules=(),
    foreign_keys=(),
    columns=COLUMNS,
    key=("id",),
    newest=(),
    day="sold_on",
)


@dataclass(frozen=True)
class Place:
    """Where a store is, in a form that another process can open."""

    kind: StoreKind
    arguments: Mapping[str, Any]

    def table(self, contract: Contract = CONTRACT) -> CuratedTable:
        return CuratedTable(open_store(self.kind, **self.arguments), contract)


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server) -> dict[str, object]:
    """One bucket for all tests here, each with a prefix of its own: a bucket takes the server a good deal of disk."""
    return arguments(s3_server, make_bucket(s3_server))


@pytest.fixture(params=list(StoreKind), ids=str)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param is StoreKind.FOLDER:
        return Place(StoreKind.FOLDER, {"root": tmp_path / "lake"})
    return Place(StoreKind.S3, {**request.getfixturevalue("bucket"), "prefix": f"lake-{uuid4().hex}"})


@pytest.fixture
def workers() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(4, mp_context=mp.get_context("spawn")) as pool:
        yield pool


def a_batch(version: int, slot: Slot = SLOT, content: str = "") -> Batch:
    return Batch(
        id=digest(slot.id, str(version), content),
        slot=slot,
        version=version,
        object_ids=("a",),
        contract_version="1.0.0",
        refine_sha256="0",
    )


def a_file(table: CuratedTable, batch: Batch, epoch: int, *ids: str, n: int = 0) -> DataFile:
    """Write a file as an engine does: two digits in the folders, the partition columns not in the file."""
    day = batch.slot.day
    path = f"year={day:%Y}/month={day:%m}/day={day:%d}/{file_prefix(batch, epoch)}-{n}.parquet"
    buffer = io.BytesIO()
    rows = {"id": list(ids), "amount": [Decimal("12.30")] * len(ids), "sold_on": [day] * len(ids)}
    schema = {"id": pl.String, "amount": pl.Decimal(18, 2), "sold_on": pl.Date}
    pl.DataFrame(rows, schema=schema).write_parquet(buffer, compression="snappy")
    table.store.put(f"{table.root}/{path}", buffer.getvalue())
    partition = (("year", f"{day:%Y}"), ("month", f"{day:%m}"), ("day", f"{day:%d}"))
    return DataFile(path=path, rows=len(ids), size=len(buffer.getvalue()), partition=partition)


def publish(place: Place, batch: Batch, epoch: int, *ids: str) -> str:
    """Write and publish in the process that runs this; give the value as text, to compare."""
    table = place.table()
    return table.publish(batch, [a_file(table, batch, epoch, *ids)], epoch, AT).model_dump_json()


def seen(table: CuratedTable) -> list[str]:
    options = dict(table.store.storage_options())
    return pl.scan_delta(table.uri, storage_options=options).select("id").collect()["id"].sort().to_list()


def commits(table: CuratedTable) -> list[tuple[str, int]]:
    return [(commit.note.batch.slot.id, commit.note.batch.version) for commit in table.history()]


def test_readers_see_a_batch_right_after_its_commit_and_not_before(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a", "b")], 1, AT)
    file = a_file(table, a_batch(2), 2, "c")
    assert seen(table) == ["a", "b"]
    published = table.publish(a_batch(2), [file], 2, AT)
    assert seen(table) == ["c"]
    assert (published.files, published.rows, published.batch) == (1, 1, a_batch(2))
    assert table.version(SLOT) == 2


def test_readers_get_the_partition_as_whole_numbers_and_money_as_decimal(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a")], 1, AT)
    rows = (
        pl.scan_delta(table.uri, storage_options=dict(table.store.storage_options()))
        .collect()
        .rows(named=True)
    )
    assert rows == [
        {"id": "a", "amount": Decimal("12.30"), "sold_on": DAY, "year": 2026, "month": 11, "day": 23}
    ]


def test_duckdb_reads_what_polars_reads(tmp_path: Path) -> None:
    table = Place(StoreKind.FOLDER, {"root": tmp_path}).table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a", "b")], 1, AT)
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT id, amount FROM read_parquet(?) ORDER BY id", [list(table.files())]
        )
        assert found.fetchall() == [("a", Decimal("12.30")), ("b", Decimal("12.30"))]


def test_four_processes_that_publish_one_version_make_one_commit_and_give_the_same_value(
    place: Place, workers: ProcessPoolExecutor
) -> None:
    values = list(workers.map(publish, [place] * 4, [a_batch(1)] * 4, [1, 2, 3, 4], "aaaa"))
    table = place.table()
    assert len(set(values)) == 1
    assert commits(table) == [(SLOT.id, 1)]
    assert seen(table) == ["a"]


def test_different_slots_published_at_the_same_moment_all_commit(
    place: Place, workers: ProcessPoolExecutor
) -> None:
    batches = [a_batch(1, Slot(dataset=SLOT.dataset, day=DAY, part=part)) for part in "wxyz"]
    list(workers.map(publish, [place] * 4, batches, [1] * 4, "abcd"))
    table = place.table()
    assert seen(table) == ["a", "b", "c", "d"]
    assert sorted(commits(table)) == [(batch.slot.id, 1) for batch in batches]
    for batch, name in zip(batches, "abcd", strict=True):
        assert pl.read_parquet(
            table.files(batch.slot),
            storage_options=dict(table.store.storage_options()),
            hive_partitioning=False,
        )["id"].to_list() == [name]
        published = table.published(batch.slot)
        assert published is not None
        assert published.batch == batch


def test_a_repeated_publish_changes_nothing(place: Place) -> None:
    table = place.table()
    first = table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a")], 1, AT)
    log = [stat.key for stat in table.store.list(f"{table.root}/_delta_log")]
    again = table.publish(a_batch(1), [a_file(table, a_batch(1), 2, "a")], 2, AT + timedelta(hours=1))
    assert again == first
    assert [stat.key for stat in table.store.list(f"{table.root}/_delta_log")] == log
    assert seen(table) == ["a"]


def test_an_older_version_after_a_newer_one_is_superseded(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(2), [a_file(table, a_batch(2), 2, "new")], 2, AT)
    with pytest.raises(Superseded, match="version 2, newer than 1"):
        table.publish(a_batch(1), [a_file(table, a_batch(1), 3, "old")], 3, AT)
    assert seen(table) == ["new"]


def test_another_batch_under_a_published_version_is_refused(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a")], 1, AT)
    other = a_batch(1, content="other")
    with pytest.raises(StopAndCall, match=a_batch(1).id):
        table.publish(other, [a_file(table, other, 2, "b")], 2, AT)
    assert seen(table) == ["a"]


def test_a_newer_version_from_a_run_whose_lease_is_lost_is_refused(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 7, "a")], 7, AT)
    with pytest.raises(LeaseLost, match="epoch 7"):
        table.publish(a_batch(2), [a_file(table, a_batch(2), 6, "b")], 6, AT)
    assert seen(table) == ["a"]


def test_an_empty_version_takes_the_rows_of_the_older_one_out(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a")], 1, AT)
    published = table.publish(a_batch(2), [], 2, AT)
    assert (published.files, published.rows) == (0, 0)
    assert seen(table) == []
    assert table.published(SLOT) == published


def test_an_empty_first_version_is_a_commit_of_its_own(place: Place) -> None:
    table = place.table()
    published = table.publish(a_batch(1), [], 1, AT)
    assert table.published(SLOT) == published
    assert table.files() == ()


def test_a_slot_is_not_found_where_no_table_is(place: Place) -> None:
    table = place.table()
    assert table.published(SLOT) is None
    assert table.version(SLOT) is None
    assert (table.files(), table.history(), table.sweep(timedelta())) == ((), (), ())


def test_the_evidence_of_a_slot_is_found_behind_many_later_commits_and_a_sweep(place: Place) -> None:
    table = place.table()
    first = table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a")], 1, AT)
    for number in range(5):
        batch = a_batch(1, Slot(dataset=SLOT.dataset, day=DAY - timedelta(days=1 + number)))
        table.publish(batch, [], 1, AT)
    table.sweep(timedelta(), dry_run=False)
    commit = table.commit(SLOT)
    assert commit is not None
    assert commit.published == first
    assert (commit.note.epoch, commit.note.published_at) == (1, AT)


@pytest.mark.parametrize("harm", ["missing", "cut short"])
def test_a_file_that_is_not_there_in_full_is_not_published(place: Place, harm: str) -> None:
    table = place.table()
    file = a_file(table, a_batch(1), 1, "a")
    key = f"{table.root}/{file.path}"
    if harm == "missing":
        table.store.delete(key)
    else:
        table.store.put(key, table.store.read(key)[:-1])
    with pytest.raises(StopAndCall, match=f"written with {file.size} bytes"):
        table.publish(a_batch(1), [file], 1, AT)
    assert table.published(SLOT) is None


def test_a_file_of_another_batch_is_not_published(place: Place) -> None:
    table = place.table()
    with pytest.raises(StopAndCall, match="does not bear the name"):
        table.publish(a_batch(1), [a_file(table, a_batch(2), 1, "a")], 1, AT)


def test_a_table_that_another_program_wrote_into_is_left_alone(tmp_path: Path) -> None:
    table = Place(StoreKind.FOLDER, {"root": tmp_path}).table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "a")], 1, AT)
    row = pl.DataFrame(
        {"id": ["x"], "amount": [None], "sold_on": [DAY], "year": [2026], "month": [11], "day": [23]}
    )
    types = {"amount": pl.Decimal(18, 2), "year": pl.Int32, "month": pl.Int32, "day": pl.Int32}
    write_deltalake(table.uri, row.cast(types), mode="append")
    with pytest.raises(StopAndCall, match="no batch wrote"):
        table.publish(a_batch(2), [a_file(table, a_batch(2), 2, "b")], 2, AT)


def test_a_new_column_is_empty_in_older_rows(place: Place) -> None:
    place.table().publish(a_batch(1), [a_file(place.table(), a_batch(1), 1, "a")], 1, AT)
    wider = place.table(
        replace(CONTRACT, columns=(*COLUMNS, Column("note", Kind.TEXT, "a note", required=True)))
    )
    wider.publish(a_batch(2), [], 2, AT)
    other = a_batch(1, Slot(dataset=SLOT.dataset, day=DAY, part="x"))
    wider.publish(other, [a_file(wider, other, 1, "b")], 1, AT)
    frame = pl.scan_delta(wider.uri, storage_options=dict(wider.store.storage_options())).collect()
    assert frame.select("id", "note").rows() == [("b", None)]


def test_a_column_whose_type_changed_stops_the_publish(place: Place) -> None:
    place.table().publish(a_batch(1), [], 1, AT)
    changed = place.table(replace(CONTRACT, columns=(COLUMNS[0], replace(COLUMNS[1], scale=3), COLUMNS[2])))
    with pytest.raises(FixTheConfiguration, match=r"amount is decimal\(18,2\) in its table, decimal\(18,3\)"):
        changed.publish(a_batch(2), [], 2, AT)


def test_a_column_named_like_a_partition_is_refused(tmp_path: Path) -> None:
    contract = replace(CONTRACT, columns=(*COLUMNS, Column("day", Kind.DATE, "clash")))
    with pytest.raises(FixTheConfiguration, match="'day'"):
        Place(StoreKind.FOLDER, {"root": tmp_path}).table(contract).publish(a_batch(1), [], 1, AT)


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_the_commit(place: Place, batch: Batch, epoch: int) -> None:
    """Do all that publishing does, and die with the commit's first byte unwritten."""
    DeltaTable.create_write_transaction = _die
    publish(place, batch, epoch, "new")


def die_after_the_commit(place: Place, batch: Batch, epoch: int) -> None:
    """Commit, and die before anybody learns of it."""
    commit = DeltaTable.create_write_transaction

    def commit_and_die(*arguments: Any, **named: Any) -> None:
        commit(*arguments, **named)
        _die()

    DeltaTable.create_write_transaction = commit_and_die
    publish(place, batch, epoch, "new")


def killed(body: Callable[[Place, Batch, int], None], place: Place, batch: Batch, epoch: int) -> None:
    child = mp.get_context("spawn").Process(target=body, args=(place, batch, epoch))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def test_a_kill_before_the_commit_leaves_readers_at_the_old_version_and_a_new_run_publishes(
    place: Place,
) -> None:
    table = place.table()
    table.publish(a_batch(1), [a_file(table, a_batch(1), 1, "old")], 1, AT)
    killed(die_before_the_commit, place, a_batch(2), 2)
    assert seen(table) == ["old"]
    published = table.publish(a_batch(2), [a_file(table, a_batch(2), 3, "new")], 3, AT)
    assert seen(table) == ["new"]
    assert published.batch == a_batch(2)


def test_a_commit_whose_writer_died_before_telling_is_found(place: Place) -> None:
    table = place.table()
    killed(die_after_the_commit, place, a_batch(1), 1)
    commit = table.commit(SLOT)
    assert commit is not None
    assert commit.note.epoch == 1
    assert table.publish(a_batch(1), [a_file(table, a_batch(1), 2, "new")], 2, AT) == commit.published
    assert commits(table) == [(SLOT.id, 1)]


def test_a_sweep_removes_orphans_and_replaced_files_and_keeps_what_readers_see(place: Place) -> None:
    table = place.table()
    old = a_file(table, a_batch(1), 1, "old")
    table.publish(a_batch(1), [old], 1, AT)
    orphan = a_file(table, a_batch(2), 2, "new")
    new = a_file(table, a_batch(2), 3, "new")
    table.publish(a_batch(2), [new], 3, AT)
    swept = tuple(sorted([old.path, orphan.path]))
    assert table.sweep(timedelta()) == swept
    assert table.store.stat(f"{table.root}/{orphan.path}") is not None
    assert table.sweep(timedelta(), dry_run=False) == swept
    assert [table.store.stat(f"{table.root}/{path}") for path in swept] == [None, None]
    assert seen(table) == ["new"]


def test_a_sweep_leaves_files_that_an_attempt_may_still_publish(place: Place) -> None:
    table = place.table()
    table.publish(a_batch(1), [], 1, AT)
    young = a_file(table, a_batch(2), 2, "new")
    assert table.sweep(timedelta(hours=2), dry_run=False) == ()
    table.publish(a_batch(2), [young], 2, AT)
    assert seen(table) == ["new"]


def test_a_store_that_does_not_answer_is_asked_again_later(bucket: dict[str, object]) -> None:
    dead = Place(StoreKind.S3, {**bucket, "endpoint_url": "http://127.0.0.1:1"})
    with pytest.raises(RetryLater):
        dead.table().version(SLOT)


def test_refused_credentials_are_for_a_person(bucket: dict[str, object]) -> None:
    stranger = Place(StoreKind.S3, {**bucket, "credentials": Credentials("STRANGER", "not-the-secret")})
    with pytest.raises(FixTheConfiguration):
        stranger.table().version(SLOT)


def test_a_warehouse_gets_the_rows_of_one_slot_in_the_contract_s_types(place: Place) -> None:
    table = place.table()
    other = a_batch(1, Slot(dataset=SLOT.dataset, day=DAY, part="x"))
    files = [a_file(table, a_batch(1), 1, "a", "b"), a_file(table, a_batch(1), 1, "c", n=1)]
    table.publish(a_batch(1), files, 1, AT)
    table.publish(other, [a_file(table, other, 1, "z")], 1, AT)
    wider = place.table(replace(CONTRACT, columns=(*COLUMNS, Column("note", Kind.TEXT, "a note"))))
    rows = [row for batch in wider.read(SLOT) for row in conform(wider.contract, batch).to_pylist()]
    common = {"amount": Decimal("12.30"), "sold_on": DAY, "note": None}
    assert sorted(rows, key=lambda row: row["id"]) == [{"id": name} | common for name in "abc"]
    assert list(table.read(Slot(dataset=SLOT.dataset, day=DAY, part="none"))) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Upload aborted: No space left on device (os error 28)", StopAndCall),
        ("Client error with status 403 Forbidden: SignatureDoesNotMatch", FixTheConfiguration),
        ("error sending request: connection reset by key=AKSECRET", RetryLater),
    ],
)
def test_what_the_store_says_is_sorted_by_what_to_do_and_not_repeated(
    text: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught, told_as_ours("curated/finance/receipts"):
        raise OSError(text)
    assert str(caught.value).count("curated/finance/receipts") == 1
    assert "AKSECRET" not in str(caught.value)
