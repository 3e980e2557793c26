"""The only place that builds a key.

Keys hold nothing but lower-case letters, digits and `._=-` between slashes (part names may hold upper case), so no key can leave its
zone, mean two things on two stores, or become a surprising local path.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from conductor.errors import FixTheConfiguration
from conductor.values import Slot

SEGMENT = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,127}")
DATASET = re.compile(r"[a-z][a-z0-9_]{0,62}/[a-z][a-z0-9_]{0,62}")


class Zone(StrEnum):
    """The zones of the object store; a zone is the first segment of each of its keys."""

    LANDING = "landing"
    RAW = "raw"
    CURATED = "curated"
    QUARANTINE = "quarantine"
    ERRORS = "errors"
    ARCHIVE = "archive"
    DOCS = "docs"


def key(zone: Zone, *segments: str) -> str:
    """Join segments to a key of a zone; a segment with anything outside the allowed characters is refused."""
    for segment in segments:
        if not SEGMENT.fullmatch(segment):
            raise FixTheConfiguration(
                f"{segment!r} cannot be part of a key: allowed are letters, digits and . _ = -"
            )
    return "/".join((zone.value, *segments))


def dataset_segments(dataset: str) -> tuple[str, str]:
    """Split `<domain>/<dataset>` into its two names, both checked."""
    if not DATASET.fullmatch(dataset):
        raise FixTheConfiguration(
            f"{dataset!r} is not a dataset: it is written <domain>/<name>, in lower case"
        )
    domain, name = dataset.split("/")
    return domain, name


def raw_day(dataset: str, day: date) -> str:
    """Prefix of all raw objects of a dataset's business date."""
    return key(Zone.RAW, *dataset_segments(dataset), f"date={day.isoformat()}")


def raw_object(slot: Slot, object_id: str) -> str:
    """Prefix of one raw object."""
    return f"{raw_day(slot.dataset, slot.day)}/{_one(object_id)}"


def raw_original(slot: Slot, object_id: str, part: str) -> str:
    """Key of the bytes as they came."""
    return f"{raw_object(slot, object_id)}/original/{_one(part)}"


def raw_records(slot: Slot, object_id: str) -> str:
    """Key of the records of a raw object."""
    return f"{raw_object(slot, object_id)}/records.parquet"


def raw_manifest(slot: Slot, object_id: str) -> str:
    """Key of the manifest: it is written last, so where it stands the object is complete."""
    return f"{raw_object(slot, object_id)}/manifest.json"


def curated_table(dataset: str) -> str:
    """Root of a dataset's Delta table."""
    return key(Zone.CURATED, *dataset_segments(dataset))


def quarantined(dataset: str, batch: str) -> str:
    """Key of the rejected rows of a batch."""
    return key(Zone.QUARANTINE, *dataset_segments(dataset), batch, "rejected.parquet")


def error(dataset: str, object_id: str, name: str) -> str:
    """Key of a poison file or its diagnosis."""
    return key(Zone.ERRORS, *dataset_segments(dataset), object_id, name)


def archived(original: str) -> str:
    """Key of the cold copy of a raw or curated key."""
    return f"{Zone.ARCHIVE.value}/{original}"


def docs(*segments: str) -> str:
    """Key of a page for people."""
    return key(Zone.DOCS, *segments)


def _one(segment: str) -> str:
    if not SEGMENT.fullmatch(segment):
        raise FixTheConfiguration(
            f"{segment!r} cannot be part of a key: allowed are letters, digits and . _ = -"
        )
    return segment
