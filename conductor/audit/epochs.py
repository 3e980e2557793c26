"""I7: no write carries an older epoch than the lease, and versions take effect in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import TypeAdapter

from conductor.audit.dossier import Dossier
from conductor.audit.report import CHECKED, Outcomes, Problem, Unchecked
from conductor.errors import NotFound
from conductor.warehouses import sql


@dataclass(frozen=True)
class Write:
    """A write as its own evidence tells it. `place` says where, for people; `batch` of which batch."""

    place: str
    version: int
    epoch: int
    batch: str


LOADS = TypeAdapter(list[tuple[int, int, str]])
FENCE = TypeAdapter(list[tuple[int]])
RESTORED = 0
"""Epoch of what was entered from evidence after a restore, under no lease."""


def fenced(dossier: Dossier) -> Outcomes:
    """Follow epochs through ledger, lake and warehouse, each in its own order."""
    epoch = dossier.evidence.ledger.epoch(dossier.slot.id)
    if not epoch and not dossier.batches:
        return
    yield CHECKED
    ledger, lake = list(_in_ledger(dossier)), list(_in_lake(dossier))
    yield from _in_order(ledger)
    yield from _in_order(lake)
    yield from _within_lease((*ledger, *lake), epoch)
    yield from _transaction(dossier)
    yield from _in_warehouse(dossier, epoch)


def _in_ledger(dossier: Dossier) -> Iterator[Write]:
    """Give, by version, the epoch that opened it and those of its steps, lowest first."""
    for row in dossier.batches:
        batch = row.batch
        opened = Write("ledger", batch.version, row.epoch, batch.id)
        steps = [
            Write(f"ledger, step {step.step}", batch.version, step.epoch, batch.id)
            for step in dossier.evidence.ledger.steps(batch.id)
        ]
        yield from (opened, *sorted(steps, key=lambda write: write.epoch))


def _in_lake(dossier: Dossier) -> Iterator[Write]:
    for commit in dossier.commits:
        batch = commit.note.batch
        yield Write(f"lake, table version {commit.table_version}", batch.version, commit.note.epoch, batch.id)


def _in_order(writes: Sequence[Write]) -> Outcomes:
    told = [write for write in writes if write.epoch != RESTORED]
    for before, after in pairwise(told):
        if after.epoch < before.epoch or after.version < before.version:
            yield _problem(
                f"version {after.version} was written under epoch {after.epoch} ({after.place}), after version "
                f"{before.version} under epoch {before.epoch} ({before.place})",
                after.batch,
            )


def _within_lease(writes: Sequence[Write], epoch: int) -> Outcomes:
    for write in writes:
        if write.epoch > epoch:
            yield _problem(
                f"version {write.version} was written under epoch {write.epoch} ({write.place}), and the slot's lease "
                f"is at {epoch}",
                write.batch,
            )


def _transaction(dossier: Dossier) -> Outcomes:
    """Compare the version that Delta guards writers with and the newest commit's."""
    guarded = dossier.table.version(dossier.slot)
    newest = dossier.current.note.batch.version if dossier.current else None
    if guarded != newest:
        yield _problem(
            f"the table's log says version {guarded} of the slot, and its newest commit is of version {newest}",
            None,
        )


def _in_warehouse(dossier: Dossier, epoch: int) -> Outcomes:
    """Follow the loads as the copy that people query has them."""
    warehouse, slot = dossier.evidence.warehouse, sql.literal(dossier.slot.id)
    try:
        loads = warehouse.query(
            f"SELECT version, epoch, batch FROM conductor.load_ledger WHERE slot = {slot} ORDER BY sequence"
        )
        fence = warehouse.query(f"SELECT epoch FROM conductor.fence WHERE slot = {slot}")
    except NotFound:
        yield Unchecked(sentence="there is no copy of the warehouse yet in which to look for loads")
        return
    writes = [
        Write("warehouse", version, of, batch) for version, of, batch in LOADS.validate_python(loads.rows)
    ]
    yield from _in_order(writes)
    yield from _within_lease(writes, epoch)
    highest = max((found for (found,) in FENCE.validate_python(fence.rows)), default=RESTORED)
    for write in writes:
        if write.epoch > highest:
            yield _problem(
                f"version {write.version} was loaded under epoch {write.epoch}, and the fence is at {highest}",
                write.batch,
            )


def _problem(sentence: str, batch: str | None) -> Problem:
    return Problem(
        sentence=sentence,
        next_command=f"conductor explain {batch}" if batch else "conductor reconcile",
        batch=batch,
    )
