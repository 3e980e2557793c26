"""Put an extract into the raw zone: originals, records, and the manifest last."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from conductor import zones
from conductor.errors import AlreadyExists, RetryLater, StopAndCall
from conductor.raw.copies import difference, sha256_of
from conductor.raw.manifest import Manifest, read
from conductor.stores.history import first, history, original, pinned
from conductor.stores.protocol import Store
from conductor.values import Extract, Landed, LocalPart, StoredPart


def land(store: Store, extract: Extract) -> Landed:
    """Write the object of an extract, or give the one that is there, with `new=False`.

    Every write is create-only. What a killed attempt left is adopted where the bytes are the same; where they differ,
    as envelopes do, ours go beside it under a name that says their checksum. Of two that land the same object at once,
    one writes the manifest and both give it. `StopAndCall` if what is there contradicts the extract.
    """
    found = _complete(store, extract)
    if found:
        return found
    slot, object_id = extract.slot, extract.object_id
    places = [zones.raw_original(slot, object_id, part.name) for part in extract.parts]
    parts = tuple(_write(store, key, part) for key, part in zip(places, extract.parts, strict=True))
    itself = dict(zip(extract.parts, parts, strict=True)).get(extract.records)
    records = itself or _write(store, zones.raw_records(slot, object_id), extract.records)
    manifest = _manifest(extract, parts, records)
    data = manifest.model_dump_json(indent=2).encode()
    try:
        stat = store.create(manifest.key, data)
    except AlreadyExists as taken:
        found = _complete(store, extract)
        if found is None:
            raise RetryLater(f"{manifest.key} was there and is not: it is looked at again.") from taken
        return found
    place = StoredPart(
        key=manifest.key, size=len(data), sha256=hashlib.sha256(data).hexdigest(), version_id=stat.version_id
    )
    return manifest.landed(place, new=True)


def _complete(store: Store, extract: Extract) -> Landed | None:
    held = history(store.versions(zones.raw_object(extract.slot, extract.object_id)))
    version = first(held.get(zones.raw_manifest(extract.slot, extract.object_id), ()))
    if version is None:
        return None
    manifest, place = read(store, held, version)
    if not manifest.describes(extract):
        raise StopAndCall(
            f"{manifest.key} in {store.name} has the identity of this extract but describes other content.",
            next_command=f"conductor explain {extract.slot.day}",
        )
    return manifest.landed(place, new=False)


def _manifest(extract: Extract, parts: tuple[StoredPart, ...], records: StoredPart) -> Manifest:
    return Manifest(
        slot=extract.slot,
        object_id=extract.object_id,
        source=extract.source,
        request=extract.request,
        parts=parts,
        records=records,
        rows=extract.rows,
        documents=extract.documents,
        canonical_sha256=extract.canonical_sha256,
        as_of=extract.as_of,
        corrects=extract.corrects,
        plain=extract.plain,
    )


def _write(store: Store, key: str, local: LocalPart) -> StoredPart:
    """Write a part at its key, or beside it if a killed attempt left other bytes there."""
    path = Path(local.path)
    if sha256_of(path) != local.sha256:
        raise StopAndCall(f"{local.name} changed on this machine between its extraction and its landing.")
    for candidate in (key, _beside(key, local.sha256)):
        part = StoredPart(key=candidate, size=local.size, sha256=local.sha256)
        try:
            return _at(part, store.create(candidate, path).version_id)
        except AlreadyExists as taken:
            there = original(store, candidate)
            if there is None:
                raise RetryLater(f"{candidate} was there and is not: it is looked at again.") from taken
            part = _at(part, pinned(there.version_id))
            if there.size == local.size and not difference(store, part, path.with_name(f"{path.name}.there")):
                return part
    raise StopAndCall(
        f"{key} in {store.name} holds other bytes, and so does the name kept for ours beside it."
    )


def _at(part: StoredPart, version_id: str | None) -> StoredPart:
    return part.model_copy(update={"version_id": version_id})


def _beside(key: str, sha256: str) -> str:
    place = PurePosixPath(key)
    return str(place.with_stem(f"{place.stem[:80]}-{sha256[:8]}"))
