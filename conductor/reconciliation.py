"""Bring the ledger and the second place in line with the evidence (R7), after a crash, a loss or a restore.

Only what is missing is added, and what has lost its evidence is taken back, so that the next run does it again. Nothing that
holds other bytes than it should is touched: `conductor audit` names it, and readers take the other place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conductor import raw, zones
from conductor.events.cloudevents import EventType, Facts, announcement
from conductor.ledger import BatchRow
from conductor.road import BEYOND_THE_LAKE, TO_THE_LAKE
from conductor.stores.protocol import Store
from conductor.tables import Commit
from conductor.values import Landed, Loaded, Slot, State
from conductor.workspace import Workspace

EPOCH_MARGIN = 100
"""For leases of the lost ledger under which nothing was written yet."""
IN_LAKE = frozenset({State.PUBLISHED})
IN_WAREHOUSE = frozenset({State.LOADED, State.BUILT, State.POSTED, State.ANNOUNCED, State.ARCHIVED})


@dataclass(frozen=True)
class Mended:
    """One thing that was brought in line: `what` names the kind, `subject` a slot, and the sentence says what was done."""

    what: str
    subject: str
    sentence: str


def reconcile(workspace: Workspace) -> Iterator[Mended]:
    """Go through raw, lake and warehouse, in this order, and mend as each thing is found.

    A slot that a run works on is left to it. Repeats: nothing is left to mend.
    """
    for dataset in workspace.products:
        yield from _both_places(workspace, dataset)
        yield from _objects(workspace, dataset)
    tables = (workspace.table(product.contract) for product in workspace.products.values())
    commits = [commit for table in tables for commit in reversed(table.history())]
    loads = workspace.warehouse.loads()
    yield from _commits(workspace, commits)
    yield from _announcements(workspace, commits)
    yield from _loads(workspace, loads)
    yield from _epochs(workspace, commits)
    yield from _lost(workspace, commits, loads)


def _both_places(workspace: Workspace, dataset: str) -> Iterator[Mended]:
    """Copy what only one of raw and backup has into the other, checked byte by byte."""
    folder = zones.key(zones.Zone.RAW, *zones.dataset_segments(dataset))
    for source, target in ((workspace.raw, workspace.backup), (workspace.backup, workspace.raw)):
        there = _keys(target, folder)
        for landed in raw.find(source, dataset):
            if missing := [part.key for part in landed.stored if part.key not in there]:
                raw.back_up(source, target, landed)
                done = f"{len(missing)} files of object {landed.object_id} copied from {source.name} to {target.name}"
                yield Mended("copies", landed.slot.id, done)


def _keys(store: Store, folder: str) -> set[str]:
    return {version.key for version in store.versions(folder) if not version.delete_marker}


def _objects(workspace: Workspace, dataset: str) -> Iterator[Mended]:
    """Record the landed objects that the ledger does not know, oldest first: later ones win."""
    for landed in sorted(raw.find(workspace.raw, dataset), key=_age):
        if landed.object_id not in {known.object_id for known in workspace.ledger.objects(landed.slot)}:
            workspace.ledger.record_object(landed)
            yield Mended(
                "objects", landed.slot.id, f"object {landed.object_id} is in raw and now in the ledger"
            )


def _age(landed: Landed) -> tuple[str, bool]:
    return (landed.as_of.isoformat(), landed.corrects is not None)


def _commits(workspace: Workspace, commits: Sequence[Commit]) -> Iterator[Mended]:
    """Enter the batches that readers of the lake see and the ledger does not know."""
    for commit in commits:
        batch = commit.note.batch
        if not _knows(workspace, batch.slot, batch.version):
            workspace.ledger.restore_batch(batch, State.PUBLISHED)
            done = f"version {batch.version} is in the lake and now in the ledger, as published"
            yield Mended("batches", batch.slot.id, done)


def _announcements(workspace: Workspace, commits: Sequence[Commit]) -> Iterator[Mended]:
    """Announce the batches of the lake that the outbox does not speak of; a run may never come to them again."""
    for commit in commits:
        batch = commit.note.batch
        facts = Facts.of(batch, commit.note.rows)
        event = announcement(EventType.DATASET_PUBLISHED, facts, workspace.now())
        if event.id not in {known.id for known in workspace.ledger.events(batch.id)}:
            workspace.ledger.announce((event,))
            done = f"version {batch.version} is in the lake and is announced anew"
            yield Mended("events", batch.slot.id, done)


def _knows(workspace: Workspace, slot: Slot, version: int) -> bool:
    return any(row.batch.version == version for row in workspace.ledger.history(slot))


def _loads(workspace: Workspace, loads: Sequence[Loaded]) -> Iterator[Mended]:
    """Note which batches are in the warehouse, and in the marts, where the ledger has them as published only."""
    pending = {entry.sequence for entry in workspace.warehouse.pending()}
    for loaded in loads:
        row = workspace.ledger.current(loaded.batch.slot)
        if row and row.batch == loaded.batch and row.state in IN_LAKE:
            state = State.LOADED if loaded.sequence in pending else State.BUILT
            workspace.ledger.restore_batch(loaded.batch, state)
            done = f"version {loaded.batch.version} is in the warehouse and in the ledger now {state.value}"
            yield Mended("loads", loaded.batch.slot.id, done)


def _epochs(workspace: Workspace, commits: Sequence[Commit]) -> Iterator[Mended]:
    """Lift all epochs above any in the evidence, if the ledger has forgotten one: no write of before may win."""
    notes = [commit.note for commit in commits]
    if any(note.epoch > workspace.ledger.epoch(note.batch.slot.id) for note in notes):
        seen = [workspace.warehouse.highest_epoch(), *(note.epoch for note in notes)]
        floor = max(seen) + EPOCH_MARGIN
        workspace.ledger.raise_epochs(floor)
        yield Mended("epochs", "all slots", f"every epoch is above {floor} now")


def _lost(workspace: Workspace, commits: Sequence[Commit], loads: Sequence[Loaded]) -> Iterator[Mended]:
    """Take back what the ledger says and the lake or the warehouse does not show."""
    published = {commit.note.batch.id for commit in commits}
    loaded = {load.batch.id for load in loads}
    for row in _current(workspace):
        if workspace.ledger.lease(row.batch.slot.id):
            continue
        if row.state in IN_LAKE | IN_WAREHOUSE and row.batch.id not in published:
            workspace.ledger.take_back(row.batch.id, (*TO_THE_LAKE, *BEYOND_THE_LAKE), State.BACKED_UP)
            yield _taken_back(row, "the lake", State.BACKED_UP)
        elif row.state in IN_WAREHOUSE and row.batch.id not in loaded:
            workspace.ledger.take_back(row.batch.id, BEYOND_THE_LAKE, State.PUBLISHED)
            yield _taken_back(row, "the warehouse", State.PUBLISHED)


def _current(workspace: Workspace) -> Iterator[BatchRow]:
    for dataset in workspace.products:
        for slot in workspace.ledger.slots(dataset):
            if row := workspace.ledger.current(slot):
                yield row


def _taken_back(row: BatchRow, place: str, state: State) -> Mended:
    done = f"version {row.batch.version} is not in {place}: it is {state.value} again, and the next run goes on from there"
    return Mended("lost", row.batch.slot.id, done)
