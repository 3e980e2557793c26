"""Read raw objects and copy them, comparing every byte with its checksum on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from conductor import zones
from conductor.errors import AlreadyExists, NotFound, RetryLater, StopAndCall
from conductor.stores.history import original, pinned
from conductor.stores.protocol import Store
from conductor.values import BackedUp, Landed, StoredPart


def fetch(store: Store, part: StoredPart, to: Path) -> None:
    """Write the recorded version of a part to a local file, which appears only with the recorded size and checksum.

    `StopAndCall` naming the key if the version is gone or holds other bytes; no other version is tried.
    """
    aside = to.with_name(f"{to.name}.unverified")
    try:
        trouble = difference(store, part, aside)
        if trouble:
            raise StopAndCall(f"{part.key} in {store.name} {trouble}.", next_command="conductor audit")
        aside.replace(to)
    finally:
        aside.unlink(missing_ok=True)


def fetch_or_backup(primary: Store, backup: Store, part: StoredPart, to: Path) -> str:
    """Fetch a part, from the backup where the first place does not give it; give the name of the store that did.

    If neither does, `RetryLater` as long as one of them may do so later, else `StopAndCall`.
    """
    try:
        fetch(primary, part, to)
        return primary.name
    except (RetryLater, StopAndCall) as trouble:
        there = original(backup, part.key)
        try:
            fetch(backup, part.model_copy(update={"version_id": pinned(there and there.version_id)}), to)
        except StopAndCall as also:
            raise trouble from also
        return backup.name


def unchanged(store: Store, part: StoredPart) -> bool:
    """Say whether a reader who names no version gets the one that was recorded; not where the store keeps none."""
    there = store.stat(part.key) if part.version_id else None
    return there is not None and there.version_id == part.version_id


def back_up(source: Store, target: Store, landed: Landed, scratch: Path | None = None) -> BackedUp:
    """Copy a raw object into the second place, the manifest last, and read every byte back from there.

    What is there already is compared. `StopAndCall` if either place holds other bytes than were landed. `scratch` is
    a folder for the bytes on their way.
    """
    with TemporaryDirectory(dir=scratch) as folder:
        copies = tuple(_copy(source, part, target, part.key, Path(folder)) for part in landed.stored)
    return BackedUp(
        slot=landed.slot,
        object_ids=(landed.object_id,),
        copies=copies,
        size=sum(copy.size for copy in copies),
    )


def archive(
    raw: Store, lake: Store, objects: Iterable[Landed], curated: Iterable[str], scratch: Path | None = None
) -> tuple[StoredPart, ...]:
    """Copy raw objects and curated files of the lake into the lake's archive zone, and read every byte back.

    What is there already is compared; `StopAndCall` if it differs.
    """
    with TemporaryDirectory(dir=scratch) as folder:
        here = Path(folder)
        stored = (part for landed in objects for part in landed.stored)
        cold = [_copy(raw, part, lake, zones.archived(part.key), here) for part in stored]
        for key in curated:
            cold.append(_copy(lake, _measured(lake, key, here), lake, zones.archived(key), here))
    return tuple(cold)


def difference(store: Store, part: StoredPart, to: Path) -> str | None:
    """Download a part and say how it differs from the record, in words that follow its name; None if it does not."""
    try:
        store.download(part.key, to, part.version_id)
    except NotFound:
        return "is missing" + (f" at version {part.version_id}" if part.version_id else "")
    size = to.stat().st_size
    if size != part.size:
        return f"has {size} bytes instead of {part.size}"
    return None if sha256_of(to) == part.sha256 else "holds other bytes than were landed"


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a local file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Store, part: StoredPart, target: Store, key: str, folder: Path) -> StoredPart:
    local = folder / "part"
    there = original(target, key)
    version_id = pinned(there.version_id) if there else _create(source, part, target, key, local)
    copy = part.model_copy(update={"key": key, "version_id": version_id})
    fetch(target, copy, local)
    return copy


def _create(source: Store, part: StoredPart, target: Store, key: str, local: Path) -> str | None:
    fetch(source, part, local)
    try:
        return target.create(key, local).version_id
    except AlreadyExists:  # another copy was under way
        there = original(target, key)
        return pinned(there and there.version_id)


def _measured(store: Store, key: str, folder: Path) -> StoredPart:
    local = folder / "part"
    stat = store.stat(key)
    if stat is None:
        raise StopAndCall(f"{key} is missing in {store.name}.", next_command="conductor audit")
    store.download(key, local, stat.version_id)
    return StoredPart(key=key, size=stat.size, sha256=sha256_of(local), version_id=stat.version_id)
