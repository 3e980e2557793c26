"""A file that is its own records is kept once, and found again as such."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

from conductor import raw, zones
from conductor.stores.folder import FolderStore
from conductor.values import Extract, LocalPart, PlainText, Slot

SLOT = Slot(dataset="sales/tills", day=date(2026, 11, 20))
PLAIN = PlainText(delimiter=",", quote='"', header=True, columns=("id", "amount"))
TEXT = b"id,amount\n1,2.50\n"


def extract(folder: Path) -> Extract:
    file = folder / "tills.csv"
    file.write_bytes(TEXT)
    part = LocalPart(name="file.csv", path=str(file), size=len(TEXT), sha256=hashlib.sha256(TEXT).hexdigest())
    return Extract(
        slot=SLOT,
        source="files",
        request="file tills.csv",
        parts=(part,),
        records=part,
        rows=1,
        documents=1,
        canonical_sha256="0" * 64,
        as_of=datetime(2026, 11, 21, tzinfo=UTC),
        plain=PLAIN,
    )


def test_its_bytes_are_stored_once_and_backed_up_once(tmp_path: Path) -> None:
    store, backup = FolderStore(tmp_path / "raw"), FolderStore(tmp_path / "backup")
    landed = raw.land(store, extract(tmp_path))
    assert landed.records == landed.parts[0]
    folder = zones.raw_object(SLOT, landed.object_id)
    kept = {f"{folder}/original/file.csv", f"{folder}/manifest.json"}
    assert {version.key for version in store.versions(folder)} == kept
    assert {copy.key for copy in raw.back_up(store, backup, landed).copies} == kept
    assert store.read(landed.records.key) == TEXT
    assert list(raw.audit(store, backup, landed)) == []


def test_it_is_found_with_how_it_is_read(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "raw")
    landed = raw.land(store, extract(tmp_path))
    [found] = raw.find(store, SLOT.dataset)
    assert (found.plain, found.records) == (PLAIN, landed.records)
    again = raw.land(store, extract(tmp_path))
    assert (again.new, again.plain) == (False, PLAIN)
