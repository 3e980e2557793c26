"""The raw zone as the store itself lists it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from conductor import zones
from conductor.errors import StopAndCall
from conductor.raw.manifest import read
from conductor.stores.history import first, history
from conductor.stores.protocol import Store
from conductor.values import Landed, Slot

FOLDER_PARTS = 5
"""`raw/<domain>/<dataset>/date=<day>/<object id>`."""


@dataclass(frozen=True)
class Unreadable:
    """An object whose manifest says nothing that can be believed."""

    slot: Slot
    object_id: str
    sentence: str


def objects_in(store: Store, dataset: str, day: date | None) -> Iterator[Landed | Unreadable]:
    """Give every complete object of a dataset, of one business date or of all; what has no manifest is not complete."""
    everything = zones.key(zones.Zone.RAW, *zones.dataset_segments(dataset))
    versions = store.versions(zones.raw_day(dataset, day) if day else everything)
    for folder, group in groupby(versions, key=lambda version: _folder(version.key)):
        held = history(group)
        manifest = first(held.get(f"{folder}/manifest.json", ()))
        if manifest is None:
            continue
        try:
            found, place = read(store, held, manifest)
            yield found.landed(place, new=False)
        except StopAndCall as error:
            *_, named, object_id = folder.split("/")
            slot = Slot(dataset=dataset, day=date.fromisoformat(named.removeprefix("date=")))
            yield Unreadable(slot, object_id, error.sentence)


def _folder(key: str) -> str:
    return "/".join(key.split("/")[:FOLDER_PARTS])
