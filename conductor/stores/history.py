"""The versions of keys that are written once: the first one is the object, whatever came after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from conductor.stores.protocol import Store, Version

ONLY_VERSION = "null"  # the name, borrowed from S3, of the one version where a store keeps no versions


def pinned(version_id: str | None) -> str | None:
    """Give the version to ask for when reading: None where no versions are kept."""
    return None if version_id == ONLY_VERSION else version_id


def history(versions: Iterable[Version]) -> dict[str, tuple[Version, ...]]:
    """Give the versions and delete markers of each key, oldest first; stores list by key, newest first."""
    by_key = groupby(versions, key=lambda version: version.key)
    return {key: tuple(reversed(list(group))) for key, group in by_key}


def first(versions: Sequence[Version]) -> Version | None:
    """Give the version that was written first; delete markers are none."""
    return next((version for version in versions if not version.delete_marker), None)


def original(store: Store, key: str) -> Version | None:
    """Ask a store for the version of a key that was written first; a plain read may show another, or nothing."""
    folder = key.rpartition("/")[0]
    return first(history(store.versions(folder)).get(key, ()))
