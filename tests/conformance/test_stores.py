"""What every object store promises, on a folder, on a bucket, and on a locked bucket under a prefix."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from servers.fixtures import arguments
from servers.s3 import S3Server, make_bucket, make_locked_bucket

from conductor.errors import AlreadyExists, ConductorError, FixTheConfiguration, NotFound, StopAndCall
from conductor.stores import StoreKind, open_store
from conductor.stores.protocol import Store

SPAWN = mp.get_context("spawn")
MIB = 1 << 20
LARGE = 64 * MIB


@dataclass(frozen=True)
class Place:
    """Where a store is, in a form that another process can open."""

    kind: StoreKind
    arguments: dict[str, Any]

    def open(self) -> Store:
        return open_store(self.kind, **self.arguments)


@pytest.fixture(params=["folder", "s3", "s3-locked"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Place(StoreKind.FOLDER, {"root": tmp_path / "root"})
    server: S3Server = request.getfixturevalue("s3_server")
    if request.param == "s3":
        return Place(StoreKind.S3, arguments(server, make_bucket(server)))
    return Place(StoreKind.S3, arguments(server, make_locked_bucket(server)) | {"prefix": "zone/one"})


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def keys(store: Store, prefix: str = "") -> list[str]:
    return [stat.key for stat in store.list(prefix)]


# --- writing and reading


@pytest.mark.parametrize("size", [0, 1, 8 * MIB + 1, LARGE])
def test_an_object_comes_back_as_it_was_written(store: Store, tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    source = tmp_path / "source"
    source.write_bytes(data)
    written = store.create("raw/from_file", source)
    assert (written.key, written.size) == ("raw/from_file", size)
    assert written.modified.utcoffset().total_seconds() == 0
    assert store.create("raw/from_bytes", data).size == size
    assert store.stat("raw/from_file") == written
    assert store.read("raw/from_file") == data
    assert store.read("raw/from_bytes", store.stat("raw/from_bytes").version_id) == data
    store.download("raw/from_file", tmp_path / "new" / "copy", written.version_id)
    assert (tmp_path / "new" / "copy").read_bytes() == data
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["copy"]


def test_a_taken_key_keeps_its_first_content(store: Store) -> None:
    store.create("raw/a", b"first")
    with pytest.raises(AlreadyExists):
        store.create("raw/a", b"second")
    with pytest.raises(AlreadyExists):
        store.create("raw/a", b"first")
    assert store.read("raw/a") == b"first"
    assert len(list(store.versions("raw"))) == 1


def test_put_replaces_what_is_there(store: Store) -> None:
    store.put("docs/page.html", b"old")
    store.put("docs/page.html", b"new and longer")
    assert store.read("docs/page.html") == b"new and longer"
    assert keys(store) == ["docs/page.html"]


def test_of_many_creators_at_once_exactly_one_wins(place: Place) -> None:
    contents = [bytes([number]) * (MIB + number) for number in range(8)]
    stores = [place.open() for _ in contents]
    start = threading.Barrier(len(contents))

    def create(number: int) -> bool:
        start.wait()
        try:
            stores[number].create("raw/contested", contents[number])
        except ConductorError:
            return False
        return True

    with ThreadPoolExecutor(len(contents)) as pool:
        won = list(pool.map(create, range(len(contents))))
    assert won.count(True) == 1
    assert stores[0].read("raw/contested") == contents[won.index(True)]
    assert len(list(stores[0].versions("raw"))) == 1


def test_what_is_missing_is_not_found(store: Store, tmp_path: Path) -> None:
    store.create("raw/there", b"x")
    assert store.stat("raw/missing") is None
    assert store.stat("raw") is None
    with pytest.raises(NotFound):
        store.read("raw/missing")
    with pytest.raises(NotFound):
        store.download("raw/missing", tmp_path / "to")
    assert list(tmp_path.glob("to*")) == []


def test_a_deleted_object_is_hidden_and_deleting_again_is_no_error(store: Store) -> None:
    store.create("landing/a", b"x")
    store.delete("landing/a")
    store.delete("landing/a")
    store.delete("landing/never")
    assert store.stat("landing/a") is None
    assert keys(store) == []


# --- listing


@pytest.mark.parametrize("place", ["folder", "s3-locked"], indirect=True)
def test_keys_come_in_order(store: Store) -> None:
    # The server of the tests lists a bucket without versions folder by folder, so that one is left out here.
    # In key order '-' comes before '.', '.' before '/', '/' before digits, digits before letters.
    expected = ["a-b", "a.b", "a/b-c/d", "a/b.c", "a/b/c", "a/b/d/e", "a/bc", "a0", "ab/c"]
    for key in random.Random(7).sample(expected, len(expected)):
        store.create(key, key.encode())
    assert keys(store) == expected
    assert [version.key for version in store.versions("")] == expected


def test_a_prefix_means_whole_segments(store: Store) -> None:
    for key in ("a/b", "a/b-c/d", "a/bc", "a/e/c", "a/e/d/e", "a/e.c", "a/ec", "ab/c"):
        store.create(key, key.encode())
    assert keys(store, "a/e") == keys(store, "a/e/") == ["a/e/c", "a/e/d/e"]
    assert [stat.size for stat in store.list("a/e")] == [5, 7]
    assert [version.key for version in store.versions("a/e")] == ["a/e/c", "a/e/d/e"]
    assert set(keys(store)) - set(keys(store, "a")) == {"ab/c"}
    assert keys(store, "a/b") == keys(store, "a/nothing") == []


@pytest.mark.parametrize("place", ["folder", "s3-locked"], indirect=True)
def test_a_listing_longer_than_a_page_is_whole(store: Store) -> None:
    expected = [f"many/{number:04}" for number in range(1005)]  # a page holds 1000
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.create(key, b""), expected))
    assert keys(store, "many") == expected
    assert [version.key for version in store.versions("many")] == expected


def test_versions_come_newest_first_and_can_be_read(store: Store) -> None:
    store.put("docs/page", b"one")
    store.put("docs/page", b"two")
    versions = list(store.versions("docs"))
    kept = [b"two", b"one"] if store.protection().versioning else [b"two"]
    assert [store.read(version.key, version.version_id) for version in versions] == kept
    assert [version.latest for version in versions] == [True, False][: len(kept)]


@pytest.mark.parametrize("place", ["folder", "s3-locked"], indirect=True)
def test_a_version_that_never_was_is_not_found(store: Store, tmp_path: Path) -> None:
    store.create("raw/there", b"x")
    with pytest.raises(NotFound):
        store.read("raw/there", "0" * 32)
    with pytest.raises(NotFound):
        store.download("raw/there", tmp_path / "to", "0" * 32)
    assert list(tmp_path.glob("to*")) == []


# --- keys


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/etc/passwd", "a//b", "a/", "..", "../a", "a/../../b", "a/./b", ".hidden", "a/.b"),
        *("a\\..\\b", "a\0b", "a\nb", "a/\x7f", "\ud800", "a/" * 600 + "a", "a" * 256),
    ],
    ids=repr,
)
def test_a_hostile_key_is_refused_by_every_operation(store: Store, tmp_path: Path, key: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    operations: list[Callable[[], object]] = [
        lambda: store.create(key, b"x"),
        lambda: store.put(key, b"x"),
        lambda: store.read(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: store.download(key, tmp_path / "to"),
        lambda: store.uri(key),
    ]
    for operation in operations:
        with pytest.raises(FixTheConfiguration):
            operation()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("key", ["a b", "ä/b", "a%2e", "a:b", "a*", "a" * 129])
def test_we_write_only_keys_that_mean_the_same_everywhere(store: Store, key: str) -> None:
    with pytest.raises(FixTheConfiguration):
        store.create(key, b"x")
    with pytest.raises(FixTheConfiguration):
        store.put(key, b"x")
    assert store.stat(key) is None  # but reading a file that a person called so is allowed


# --- faults


def _create(place: Place, key: str, size: int, ready: Connection) -> None:
    store = place.open()
    data = random.Random(1).randbytes(size)
    ready.send(True)
    store.create(key, data)
    ready.send(True)


def _started(place: Place, key: str, size: int) -> tuple[mp.process.BaseProcess, Connection]:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_create, args=(place, key, size, theirs))
    process.start()
    assert ours.recv()
    return process, ours


def test_a_kill_amid_a_create_leaves_the_whole_object_or_nothing(place: Place) -> None:
    data, store = random.Random(1).randbytes(LARGE // 2), place.open()
    process, done = _started(place, "raw/measured", LARGE // 2)
    begun = time.perf_counter()
    assert done.recv()
    needed = time.perf_counter() - begun
    process.join()
    absent = 0
    for share in (0.2, 0.5, 0.8):
        key = f"raw/killed-{share}"
        process, _ = _started(place, key, LARGE // 2)
        time.sleep(share * needed)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        # The server may be finishing what it had got in full before the kill: what is seen once has to stay.
        listed = key in keys(store)
        if store.stat(key) is None:
            absent += 1
            assert not listed
        else:
            assert store.read(key) == data
        with contextlib.suppress(AlreadyExists):
            store.create(key, data)
        assert store.read(key) == data
    assert absent, f"no kill came before the end of a create that takes {needed:.2f} s"


def _limited(place: Place, action: str, folder: Path, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))
    store = place.open()
    try:
        if action == "create":
            store.create("raw/too_large", b"x" * (2 * MIB))
        else:
            store.download("raw/large", folder / "to")
        answer.send("no error")
    except ConductorError as error:
        answer.send(type(error).__name__)


def _within_limits(place: Place, action: str, folder: Path) -> str:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_limited, args=(place, action, folder, theirs))
    process.start()
    said: str = ours.recv()
    process.join()
    return said


def test_a_download_without_room_on_this_machine_stops_and_leaves_nothing(
    place: Place, tmp_path: Path
) -> None:
    place.open().create("raw/large", b"x" * (2 * MIB))
    folder = tmp_path / "here"
    folder.mkdir()
    assert _within_limits(place, "download", folder) == StopAndCall.__name__
    assert list(folder.iterdir()) == []


def test_a_folder_without_room_stops_and_keeps_nothing(tmp_path: Path) -> None:
    place = Place(StoreKind.FOLDER, {"root": tmp_path / "root"})
    assert _within_limits(place, "create", tmp_path) == StopAndCall.__name__
    assert keys(place.open()) == []
    assert [path for path in (tmp_path / "root").rglob("*") if path.is_file()] == []


# --- Polars and delta-rs reach it


@pytest.fixture
def table() -> pl.DataFrame:
    return pl.DataFrame({"id": ["a", "b", "c"], "year": ["2025", "2026", "2026"]})


def test_a_delta_table_goes_in_by_delta_rs_and_out_by_polars(store: Store, table: pl.DataFrame) -> None:
    uri, options = store.uri("curated/finance/receipts"), dict(store.storage_options())
    write_deltalake(uri, table.to_arrow(), partition_by=["year"], storage_options=options)
    write_deltalake(uri, table.to_arrow(), mode="append", storage_options=options)
    seen = pl.scan_delta(uri, storage_options=options).collect().sort("id")
    assert seen["id"].to_list() == ["a", "a", "b", "b", "c", "c"]
    assert DeltaTable(uri, storage_options=options).version() == 1
    assert store.stat("curated/finance/receipts/_delta_log/00000000000000000001.json") is not None
    parts = [key for key in keys(store, "curated/finance/receipts/year=2026") if key.endswith(".parquet")]
    assert len(parts) == 2


def test_polars_writes_a_file_that_the_store_has(store: Store, table: pl.DataFrame) -> None:
    store.create("curated/marker", b"")  # a folder store is made by its first write
    options = dict(store.storage_options())
    table.lazy().sink_parquet(store.uri("curated/t.parquet"), storage_options=options, mkdir=True)
    assert pl.scan_parquet(store.uri("curated/t.parquet"), storage_options=options).collect().equals(table)
    assert "curated/t.parquet" in keys(store, "curated")
