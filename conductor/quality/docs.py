"""Data Docs: a page per judged batch and an index per dataset, in the docs zone and in a local folder."""

from __future__ import annotations

import re
from pathlib import Path

from conductor import zones
from conductor.contracts.model import Contract
from conductor.quality.page import Entry, render_index
from conductor.quality.verdict import Verdict
from conductor.stores.protocol import Stat, Store
from conductor.values import Batch, Refined

INDEX = "index.html"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-v(\d+)-(passed|held)-([0-9a-f]+)\.html")


def write(store: Store, folder: Path, contract: Contract, refined: Refined, verdict: Verdict) -> str:
    """Write a batch's page and the dataset's index; give the page's name below the docs zone and `folder`.

    The index is made from the names of the pages, so each write mends it, whatever happened before.
    """
    home = dataset_folder(contract.dataset)
    page = f"{home}/{page_name(refined.batch, passed=verdict.passed)}"
    _put(store, folder, page, verdict.html)
    listed = store.list(zones.docs(*home.split("/")))
    entries = sorted(
        filter(None, map(_entry, listed)), key=lambda entry: (entry.day, entry.version), reverse=True
    )
    _put(store, folder, f"{home}/{INDEX}", render_index(contract.dataset, entries))
    return page


def dataset_folder(dataset: str) -> str:
    """Give where a dataset's pages lie below the docs zone."""
    return "/".join(("quality", *zones.dataset_segments(dataset)))


def page_name(batch: Batch, *, passed: bool) -> str:
    """Give the name of a batch's page; it says all that the index shows."""
    return f"{batch.slot.day.isoformat()}-v{batch.version}-{'passed' if passed else 'held'}-{batch.id}.html"


def _put(store: Store, folder: Path, name: str, html: str) -> None:
    store.put(zones.docs(*name.split("/")), html.encode())
    local = folder.joinpath(*name.split("/"))
    local.parent.mkdir(parents=True, exist_ok=True)
    local.write_text(html, encoding="utf-8")


def _entry(stat: Stat) -> Entry | None:
    name = stat.key.rsplit("/", 1)[-1]
    if not (found := _NAME.fullmatch(name)):
        return None
    day, version, verdict, batch = found.groups()
    return Entry(name, day, int(version), verdict == "passed", batch, stat.modified)
