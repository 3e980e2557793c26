"""The first version of a key is the object, whatever came after it."""

from __future__ import annotations

from datetime import UTC, datetime

from conductor.stores.history import first, history, pinned
from conductor.stores.protocol import Version


def version(key: str, version_id: str, second: int, *, marker: bool = False) -> Version:
    return Version(key, version_id, False, marker, 1, datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))


def test_versions_are_told_by_key_and_oldest_first() -> None:
    listed = [version("a", "3", 9), version("a", "2", 9), version("a", "1", 1), version("b", "4", 0)]
    assert {key: [each.version_id for each in told] for key, told in history(listed).items()} == {
        "a": ["1", "2", "3"],
        "b": ["4"],
    }


def test_a_delete_marker_is_never_the_first_version() -> None:
    marker, written = version("a", "1", 0, marker=True), version("a", "2", 1)
    assert first([marker, written]) == written
    assert first([marker]) is None
    assert first([]) is None


def test_where_no_versions_are_kept_none_is_asked_for() -> None:
    assert pinned("null") is None
    assert pinned(None) is None
    assert pinned("abc") == "abc"
