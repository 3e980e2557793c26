"""The manifest of a raw object: what belongs to it, and that it is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Literal

from pydantic import ValidationError

from conductor import zones
from conductor.errors import StopAndCall
from conductor.stores.history import first, history, pinned
from conductor.stores.protocol import Store, Version
from conductor.values import Extract, Landed, PlainText, Slot, StoredPart, Value

Histories = Mapping[str, tuple[Version, ...]]


class Manifest(Value):
    """What stands in `manifest.json`. Parts carry the versions of the store that was first written to."""

    format: Literal[1] = 1
    slot: Slot
    object_id: str
    source: str
    request: str
    parts: tuple[StoredPart, ...]
    records: StoredPart
    rows: int
    documents: int
    canonical_sha256: str
    as_of: datetime
    corrects: str | None = None
    plain: PlainText | None = None

    @property
    def key(self) -> str:
        """Where this manifest belongs."""
        return zones.raw_manifest(self.slot, self.object_id)

    def describes(self, extract: Extract) -> bool:
        """Whether the object holds the content of an extract; the envelope may differ."""
        return (self.key, self.source, self.canonical_sha256, self.rows, self.documents) == (
            zones.raw_manifest(extract.slot, extract.object_id),
            extract.source,
            extract.canonical_sha256,
            extract.rows,
            extract.documents,
        )

    def landed(self, manifest: StoredPart, *, new: bool) -> Landed:
        """Give the object as the value that steps hand on."""
        fields = self.model_dump(exclude={"format", "request"})
        return Landed.model_validate(fields | {"manifest": manifest, "new": new})


def read(store: Store, held: Histories, version: Version) -> tuple[Manifest, StoredPart]:
    """Read a manifest and give it with its own place, parts at the versions that this store holds.

    A copy of the object in another store has versions of its own; there the first one of each key stands in.
    `StopAndCall` if the manifest cannot be read or is not of the object in whose place it lies.
    """
    data = store.read(version.key, pinned(version.version_id))
    try:
        found = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise StopAndCall(f"{version.key} in {store.name} is not a manifest that can be read.") from error
    folder = f"{zones.raw_object(found.slot, found.object_id)}/"
    if found.key != version.key or not all(
        part.key.startswith(folder) for part in (*found.parts, found.records)
    ):
        raise StopAndCall(
            f"{version.key} in {store.name} describes another object than the one it lies with."
        )
    parts = tuple(as_held(held, part) for part in found.parts)
    here = found.model_copy(update={"parts": parts, "records": as_held(held, found.records)})
    return here, StoredPart(
        key=version.key,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        version_id=pinned(version.version_id),
    )


def as_held(held: Histories, part: StoredPart) -> StoredPart:
    """Give a part at the version this store holds: the recorded one, else the first; unchanged if there is none."""
    version = version_of(held, part)
    return part.model_copy(update={"version_id": pinned(version.version_id)}) if version else part


def version_of(held: Histories, part: StoredPart) -> Version | None:
    """Give the version of a part: the recorded one, else the first, else None."""
    versions = held.get(part.key, ())
    recorded = (version for version in versions if version.version_id == part.version_id)
    return next(recorded, None) or first(versions)


def find(store: Store, dataset: str, day: date | None = None) -> Iterator[Landed]:
    """Give every complete object of a dataset, of one business date or of all, in key order, from the store alone."""
    everything = zones.key(zones.Zone.RAW, *zones.dataset_segments(dataset))
    versions = store.versions(zones.raw_day(dataset, day) if day else everything)
    for folder, group in groupby(versions, key=lambda version: "/".join(version.key.split("/")[:5])):
        held = history(group)
        version = first(held.get(f"{folder}/manifest.json", ()))
        if version:
            manifest, place = read(store, held, version)
            yield manifest.landed(place, new=False)
