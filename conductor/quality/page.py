"""Pages for people: they need no network, run no script and show no classified value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader

from conductor.contracts.model import Contract
from conductor.values import FailedExpectation, Refined

_PAGES = Environment(
    loader=PackageLoader("conductor.quality"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True)
class Page:
    """What a batch's page is made of. `rows` and `counts` are what Great Expectations rendered, if it did; `sampled` says that it
    looked at a sample itself, beside the count over all rows.
    """

    contract: Contract
    refined: Refined
    rows: str = ""
    counts: str = ""
    sampled: bool = False


@dataclass(frozen=True)
class Entry:
    """A line of a dataset's index."""

    file: str
    day: str
    version: int
    passed: bool
    batch: str
    written: datetime


def render(page: Page, failed: Sequence[FailedExpectation], warnings: Sequence[FailedExpectation]) -> str:
    """Give the page of a batch."""
    return _PAGES.get_template("batch.html.j2").render(page=page, failed=failed, warnings=warnings)


def render_index(dataset: str, entries: Sequence[Entry]) -> str:
    """Give the page that lists a dataset's batches."""
    return _PAGES.get_template("index.html.j2").render(dataset=dataset, entries=entries)
