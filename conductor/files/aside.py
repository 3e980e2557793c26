"""Where a refused file goes: as it came, with its diagnosis beside it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from conductor import zones
from conductor.errors import AlreadyExists
from conductor.files.diagnosis import Diagnosis
from conductor.stores.protocol import Store
from conductor.values import Slot, digest

DIAGNOSIS = "diagnosis.json"


def put_aside(store: Store, slot: Slot, file: Path, sha256: str, diagnosis: Diagnosis) -> str:
    """Keep a refused file and its diagnosis in the errors zone, and give the key of the diagnosis.

    The name that the file came with stands in the diagnosis only. Repeats: the same file is there, and nothing is written.
    """
    place = digest("refused", slot.id, sha256)
    for name, data in (("file", file), (DIAGNOSIS, diagnosis.model_dump_json(indent=2).encode())):
        with contextlib.suppress(AlreadyExists):
            store.create(zones.error(slot.dataset, place, name), data)
    return zones.error(slot.dataset, place, DIAGNOSIS)
