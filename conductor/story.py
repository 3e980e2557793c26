"""The story of a batch, from what the ledger remembers: for the terminal, the run's artifact, a notice and `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conductor.ledger import Ledger
from conductor.quality.override import VERDICT
from conductor.values import (
    Announced,
    Archived,
    BackedUp,
    Batch,
    Built,
    Extract,
    Gated,
    Loaded,
    Posted,
    Published,
    Refined,
)


@dataclass(frozen=True)
class Fact:
    """One line of the story: what, and how it came out."""

    label: str
    value: str


@dataclass(frozen=True)
class Cost:
    """What a step took: wall seconds and the process's peak during it, in MiB; `rows` where the step has rows."""

    step: str
    rows: int | None
    seconds: float
    peak_mib: float | None


@dataclass(frozen=True)
class Story:
    """A batch told to a person."""

    slot: str
    batch: str
    version: int
    state: str
    facts: tuple[Fact, ...]
    costs: tuple[Cost, ...]


def tell(ledger: Ledger, batch: Batch) -> Story:
    """Gather the story of a batch; steps that have not finished are left out."""
    costs = tuple(Cost(row.step, row.rows, row.seconds, row.peak_mib) for row in ledger.steps(batch.id))
    state = ledger.batch(batch.id).state.value
    return Story(batch.slot.id, batch.id, batch.version, state, tuple(_facts(ledger, batch)), costs)


def markdown(story: Story) -> str:
    """Write a story as Markdown, for an artifact."""
    lines = [
        f"# {story.slot}, version {story.version}: {story.state}",
        "",
        "| what | how it came out |",
        "| --- | --- |",
    ]
    lines += [f"| {fact.label} | {fact.value.replace('|', '/')} |" for fact in story.facts]
    lines += ["", "| step | rows | seconds | peak MiB |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {c.step} | {'' if c.rows is None else c.rows} | {c.seconds:.2f} | {c.peak_mib or 0:.0f} |"
        for c in story.costs
    ]
    return "\n".join([*lines, "", f"Batch `{story.batch}`. More: `conductor explain {story.batch}`", ""])


def _facts(ledger: Ledger, batch: Batch) -> Iterator[Fact]:
    if extract := ledger.remembered(batch.id, "extract", Extract):
        yield Fact(
            "extracted",
            f"{extract.documents:,} documents, {extract.rows:,} record lines, {len(extract.parts)} pages",
        )
    if copy := ledger.remembered(batch.id, "back_up", BackedUp):
        yield Fact(
            "backed up", f"{len(copy.copies)} objects, {copy.size / 2**20:.1f} MiB, read back and equal"
        )
    if refined := ledger.remembered(batch.id, "refine", Refined):
        yield from _refined(refined)
    if gated := ledger.remembered(batch.id, "gate", Gated) or ledger.remembered(batch.id, VERDICT, Gated):
        yield from _gated(gated)
    for given in ledger.approvals(batch.id):
        yield Fact(
            f"allowed, {given.what}",
            f"by {given.by} on {given.at:%Y-%m-%d %H:%M} UTC: {given.reason} ({given.details})",
        )
    for noted in ledger.notes(batch.id):
        yield Fact("noted", f"by {noted.by} on {noted.at:%Y-%m-%d %H:%M} UTC: {noted.text}")
    if published := ledger.remembered(batch.id, "publish", Published):
        yield Fact(
            "published",
            f"{published.rows:,} rows in {published.files} files, Delta version {published.table_version}",
        )
    if loaded := ledger.remembered(batch.id, "load", Loaded):
        yield Fact(
            "loaded",
            f"{loaded.rows:,} rows: {loaded.inserted:,} new, {loaded.updated:,} changed, {loaded.deleted:,} gone",
        )
        yield from (Fact(f"in the warehouse, {row.currency}", f"{row.amount:,}") for row in loaded.sums)
    if built := ledger.remembered(batch.id, "build", Built):
        yield Fact("marts", f"{', '.join(built.models)}; {built.tests} dbt tests passed")
    if posted := ledger.remembered(batch.id, "post", Posted):
        ids = ", ".join(f"{entry.entry_id} ({entry.currency} {entry.gross:,})" for entry in posted.entries)
        yield Fact("journal", ids or posted.note)
    if announced := ledger.remembered(batch.id, "announce", Announced):
        yield Fact("DataReady", f"{announced.delivered} deliveries of {len(announced.events)} events")
    if archived := ledger.remembered(batch.id, "archive", Archived):
        yield Fact("archived", f"{len(archived.copies)} cold copies")


def _gated(gated: Gated) -> Iterator[Fact]:
    verdict = "passed" if gated.passed else f"{len(gated.failed)} failed"
    yield Fact("gate", f"{gated.expectations} expectations, {verdict}")
    for failed in gated.failed:
        yield Fact("gate, failed", f"{failed.expectation} on {failed.column}: {failed.observed}")
    for warned in gated.warnings:
        yield Fact("gate, warning", f"{warned.expectation} on {warned.column}: {warned.observed}")


def _refined(refined: Refined) -> Iterator[Fact]:
    counts = refined.counts
    yield Fact("accepted", f"{counts.accepted:,} of {counts.records:,} lines")
    for code, rows in refined.reasons:
        yield Fact(f"rejected, {code}", f"{rows:,}")
    for code, rows in refined.warnings:
        yield Fact(f"accepted with warning, {code}", f"{rows:,}")
    if counts.duplicates or counts.superseded:
        yield Fact(
            "set aside", f"{counts.duplicates:,} duplicates, {counts.superseded:,} superseded by corrections"
        )
    yield Fact("engine", f"{refined.choice.engine}: {refined.choice.reason}")
