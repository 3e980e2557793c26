"""Invariant I6: every byte of the raw zone is what was landed, in both places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from conductor import zones
from conductor.raw.copies import difference
from conductor.raw.manifest import Histories, as_held, version_of
from conductor.stores.history import first, history
from conductor.stores.protocol import Store, Version
from conductor.values import Landed, StoredPart, Value


class Finding(Value):
    """What is wrong with a key in a store, in one sentence."""

    store: str
    key: str
    problem: str


def audit(primary: Store, backup: Store, landed: Landed, scratch: Path | None = None) -> Iterator[Finding]:
    """Read a raw object in both places and give what is not as it was landed; nothing if all is well.

    Named are missing and altered parts, versions and delete markers that somebody added, and keys that came after
    the object was complete. What an attempt left that was killed before is none of these.
    """
    with TemporaryDirectory(dir=scratch) as folder:
        for store in (primary, backup):
            for key, problem in _problems(store, landed, Path(folder) / "part"):
                yield Finding(store=store.name, key=key, problem=f"{key} in {store.name} {problem}.")


def _problems(store: Store, landed: Landed, local: Path) -> Iterator[tuple[str, str]]:
    held = history(store.versions(zones.raw_object(landed.slot, landed.object_id)))
    for part in landed.stored:
        for problem in _of_part(store, held, part, local):
            yield part.key, problem
    manifest = first(held.get(landed.manifest.key, ()))
    if manifest:
        strangers = held.keys() - {part.key for part in landed.stored}
        for key in sorted(strangers):
            if _came_after(held[key], manifest.modified):
                yield key, "was added after the object was complete"


def _of_part(store: Store, held: Histories, part: StoredPart, local: Path) -> Iterator[str]:
    landed = version_of(held, part)
    if landed is None:
        yield "is missing"
    else:
        trouble = difference(store, as_held(held, part), local)
        if trouble:
            yield trouble
    for version in held.get(part.key, ()):
        if version.delete_marker:
            yield f"has a delete marker of {version.modified:%Y-%m-%d %H:%M:%S} UTC"
        elif version != landed:
            yield f"has another version, of {version.modified:%Y-%m-%d %H:%M:%S} UTC, beside the one landed"


def _came_after(versions: Sequence[Version], complete: datetime) -> bool:
    return any(version.modified > complete for version in versions)
