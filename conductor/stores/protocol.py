"""What every object store offers, whoever keeps the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Stat:
    """What a store says of one object. `size` in bytes; `version_id` is None where no versions are kept."""

    key: str
    size: int
    modified: datetime
    version_id: str | None = None


@dataclass(frozen=True)
class Version:
    """One version of a key. A delete marker hides older versions from a plain read and removes nothing."""

    key: str
    version_id: str
    latest: bool
    delete_marker: bool
    size: int
    modified: datetime


@dataclass(frozen=True)
class Protection:
    """What the store itself enforces, as read from the store, not from our settings."""

    versioning: bool
    lock: str | None
    retention_days: int | None
    encryption: str | None


class Store(Protocol):
    """An object store. Keys are slash-separated, checked by `conductor.zones`, and never used as local paths unchecked.

    Errors: `NotFound` for a missing key or version; `RetryLater` when the store does not answer or says "slow down"
    after the client's own retries; `FixTheConfiguration` for refused credentials or a missing bucket;
    `StopAndCall` when the disk or quota is full.
    """

    name: str

    def create(self, key: str, data: bytes | Path) -> Stat:
        """Write a new object, whole or not at all; `AlreadyExists` if the key is taken, by whatever content."""
        ...

    def put(self, key: str, data: bytes | Path) -> Stat:
        """Write an object, whole or not at all, over what is there. For pages and reports, never for raw."""
        ...

    def read(self, key: str, version_id: str | None = None) -> bytes:
        """Give the bytes of an object, of a certain version where one is named."""
        ...

    def download(self, key: str, to: Path, version_id: str | None = None) -> None:
        """Write an object into a local file in bounded memory; the file appears whole or not at all."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Say what a plain read of the key would give; None if nothing."""
        ...

    def list(self, prefix: str) -> Iterator[Stat]:
        """Give all objects under a prefix (whole path segments), in key order."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is no error. Stores with versions only hide it."""
        ...

    def versions(self, prefix: str) -> Iterator[Version]:
        """Give all versions and delete markers under a prefix; a store without versions gives what is there."""
        ...

    def protection(self) -> Protection:
        """Ask the store what it enforces."""
        ...

    def uri(self, key: str) -> str:
        """Give the address by which Polars and delta-rs reach a key."""
        ...

    def storage_options(self) -> Mapping[str, str]:
        """Give what Polars and delta-rs need besides the address. Holds secrets: never log it."""
        ...
