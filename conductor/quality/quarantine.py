"""Rows set aside: kept verbatim with their reasons, found again, and handed to people as CSV."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

import polars as pl

from conductor import zones
from conductor.errors import AlreadyExists, StopAndCall
from conductor.quality import cells
from conductor.stores.protocol import Store
from conductor.values import Batch, StoredPart

REASONS = "_reasons"
OWNER = "_owner"
"""The team of the contract; rows stay the same whoever they belong to."""


@dataclass(frozen=True)
class Entry:
    """The rejected rows of a batch, as they lie in the quarantine zone. `size` in bytes."""

    dataset: str
    batch: str
    key: str
    size: int
    at: datetime


def quarantine(store: Store, batch: Batch, rejected: Path) -> StoredPart:
    """Set the rejected rows of a batch aside. The same rows again change nothing; others are `StopAndCall`.

    The same rows may come in another order or as other bytes, for an engine promises neither: rows are compared.
    """
    key = zones.quarantined(batch.slot.dataset, batch.id)
    try:
        stat = store.create(key, rejected)
    except AlreadyExists:
        return _there(store, batch, key, rejected)
    with rejected.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    return StoredPart(key=key, size=stat.size, sha256=found, version_id=stat.version_id)


def entries(store: Store, dataset: str | None = None) -> Iterator[Entry]:
    """Give what is set aside, of one dataset or of all, in key order."""
    segments = zones.dataset_segments(dataset) if dataset else ()
    for stat in store.list(zones.key(zones.Zone.QUARANTINE, *segments)):
        _, domain, name, batch, file = stat.key.split("/")
        if file == "rejected.parquet":
            yield Entry(f"{domain}/{name}", batch, stat.key, stat.size, stat.modified)


def rows(store: Store, key: str, version_id: str | None = None) -> pl.DataFrame:
    """Give rejected rows: the columns of the records as text, and `_reasons`, `_object` and the like."""
    return pl.read_parquet(io.BytesIO(store.read(key, version_id)), hive_partitioning=False)


def export(rejected: pl.DataFrame, to: Path) -> None:
    """Write rejected rows as CSV for a spreadsheet, in UTF-8: no cell is taken for a formula.

    The reasons come first, for they are what the reader looks for. An empty cell is a missing value.
    """
    names = [REASONS, *(name for name in rejected.columns if name != REASONS)]
    safe = rejected.select(pl.col(name).map_elements(cells.harmless, pl.String) for name in names)
    safe.write_csv(to, include_bom=True, quote_style="always")


def _there(store: Store, batch: Batch, key: str, rejected: Path) -> StoredPart:
    data = store.read(key)
    mine = pl.read_parquet(rejected, hive_partitioning=False)
    if not _ordered(pl.read_parquet(io.BytesIO(data), hive_partitioning=False)).equals(_ordered(mine)):
        raise StopAndCall(
            f"other rows of batch {batch.id} are set aside already, though its content is the same",
            next_command=f"conductor explain {batch.id}",
        )
    stat = store.stat(key)
    version_id = stat.version_id if stat else None
    return StoredPart(key=key, size=len(data), sha256=sha256(data).hexdigest(), version_id=version_id)


def _ordered(found: pl.DataFrame) -> pl.DataFrame:
    columns = sorted(set(found.columns) - {OWNER})
    return found.select(columns).sort(columns)
