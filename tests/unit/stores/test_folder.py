"""What a folder store promises beyond every store's promises."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conductor.errors import AlreadyExists, FixTheConfiguration, NotFound
from conductor.stores.folder import FolderStore
from conductor.stores.protocol import Protection


def test_nothing_is_written_until_the_first_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "deep" / "root")
    assert list(store.list("")) == []
    assert store.stat("raw/a") is None
    with pytest.raises(NotFound):
        store.read("raw/a")
    assert list(tmp_path.iterdir()) == []
    store.create("raw/a", b"x")
    assert (tmp_path / "deep" / "root" / "raw" / "a").read_bytes() == b"x"


def test_what_a_killed_writer_left_is_no_object(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create("raw/a", b"x")
    (tmp_path / ".unfinished" / "rest").write_bytes(b"half")
    assert [stat.key for stat in store.list("")] == ["raw/a"]
    with pytest.raises(FixTheConfiguration):
        store.read(".unfinished/rest")


def test_no_write_leaves_a_file_aside(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create("raw/a", b"x")
    store.put("raw/a", b"y")
    with pytest.raises(AlreadyExists):
        store.create("raw/a", b"z")
    assert list((tmp_path / ".unfinished").iterdir()) == []


@pytest.mark.parametrize("link", ["folder", "file", "dangling"])
def test_a_symbolic_link_leads_nowhere(tmp_path: Path, link: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store = FolderStore(root)
    store.create("raw/a", b"x")
    targets = {"folder": outside, "file": outside / "secret", "dangling": outside / "new"}
    (root / "raw" / "link").symlink_to(targets[link])
    key = "raw/link/secret" if link == "folder" else "raw/link"
    for action in (
        lambda: store.read(key),
        lambda: store.create(key, b"y"),
        lambda: store.put(key, b"y"),
        lambda: store.delete(key),
        lambda: store.download(key, tmp_path / "to"),
        lambda: store.uri(key),
    ):
        with pytest.raises(FixTheConfiguration):
            action()
    assert [stat.key for stat in store.list("")] == ["raw/a"]
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"


def test_the_root_may_itself_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    FolderStore(tmp_path / "link").create("raw/a", b"x")
    assert (tmp_path / "real" / "raw" / "a").read_bytes() == b"x"


def test_a_key_below_another_object_is_refused_and_is_not_called_taken(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create("raw/a", b"x")
    for key in ("raw/a/b", "raw/a/b/c", "raw"):
        with pytest.raises(FixTheConfiguration):
            store.create(key, b"y")
    assert store.read("raw/a") == b"x"


def test_objects_get_the_rights_that_the_surroundings_ask_for(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    before = os.umask(0o027)
    try:
        store.create("raw/a", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "raw" / "a").stat().st_mode & 0o777 == 0o640


def test_a_folder_claims_no_protection(tmp_path: Path) -> None:
    assert FolderStore(tmp_path).protection() == Protection(False, None, None, None)


def test_names_that_people_give_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "Tägliche Umsätze (3).csv").write_bytes(b"x")
    (tmp_path / "landing" / ".DS_Store").write_bytes(b"")
    store = FolderStore(tmp_path)
    assert [stat.key for stat in store.list("landing")] == ["landing/Tägliche Umsätze (3).csv"]
    assert store.read("landing/Tägliche Umsätze (3).csv") == b"x"
