"""I5: DataReady takes effect once per version, and never before the version is built."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

from conductor.audit.dossier import Dossier
from conductor.audit.ledger_rows import Effect, announcements, effects
from conductor.audit.report import CHECKED, Outcomes, Problem
from conductor.events.cloudevents import EventType
from conductor.ledger.rows import BatchRow, Event
from conductor.ledger.states import ROAD
from conductor.values import State

READY = EventType.DATA_READY.value
BUILT = frozenset(ROAD[ROAD.index(State.BUILT) :])


def announced(dossier: Dossier) -> Outcomes:
    """Compare the outbox with what is built, and each consumer's inbox with the outbox."""
    database = dossier.evidence.ledger.database
    events = announcements(database, dossier.slot, READY)
    yield from (CHECKED for _ in events)
    yield from _repeated(events)
    yield from _early(dossier, events)
    yield from _silent(dossier, events)
    yield from _acted_twice(effects(database, dossier.slot, READY))


def _repeated(events: tuple[Event, ...]) -> Outcomes:
    by_version: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_version[event.version].append(event)
    for version, same in by_version.items():
        if len(same) > 1:
            yield Problem(
                sentence=f"DataReady of version {version} stands {len(same)} times in the outbox: "
                f"{', '.join(event.id for event in same)}",
                next_command=f"conductor explain {same[0].id}",
                batch=same[0].batch,
            )


def _early(dossier: Dossier, events: tuple[Event, ...]) -> Outcomes:
    rows = {row.batch.id: row for row in dossier.batches}
    for event in events:
        row = rows.get(event.batch)
        if row is None or not _built(dossier, row):
            yield Problem(
                sentence=f"DataReady {event.id} announces version {event.version}, which "
                f"{'no batch is' if row is None else 'was never built'}",
                next_command=f"conductor explain {event.id}",
                batch=event.batch,
            )


def _silent(dossier: Dossier, events: tuple[Event, ...]) -> Outcomes:
    told = {event.batch for event in events}
    for row in dossier.batches:
        if row.batch.id not in told and _built(dossier, row):
            yield Problem(
                sentence=f"version {row.batch.version} is built and DataReady is not in the outbox",
                next_command="conductor reconcile",
                batch=row.batch.id,
            )


def _acted_twice(found: tuple[Effect, ...]) -> Outcomes:
    def of(effect: Effect) -> tuple[str, int]:
        return effect.consumer, effect.version

    for (consumer, version), same in groupby(sorted(found, key=of), key=of):
        ids = [effect.event for effect in same]
        if len(ids) > 1:
            yield Problem(
                sentence=f"{consumer} acted {len(ids)} times on version {version}: on {', '.join(ids)}",
                next_command=f"conductor explain {ids[0]}",
            )


def _built(dossier: Dossier, row: BatchRow) -> bool:
    """Whether the batch came as far as built; one that a newer version ended later says so by its steps."""
    if row.state in BUILT:
        return True
    return any(step.step == "build" for step in dossier.evidence.ledger.steps(row.batch.id))
