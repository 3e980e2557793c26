"""How things stand: every slot with its last attempt, what runs now, and since when the marts are what they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from conductor.ledger import Attempt, Lease, Ledger
from conductor.values import Slot


@dataclass(frozen=True)
class Line:
    """A slot: its newest version, how far that came, and how the last attempt at the slot ended."""

    slot: str
    version: int | None
    state: str
    batch: str | None
    last_attempt: str
    since: datetime | None
    error: str | None
    next: str | None


@dataclass(frozen=True)
class Work:
    """What runs now: the name that is leased, by which process and run, and until when without a sign of life."""

    name: str
    process: str
    run_id: str
    until: datetime


@dataclass(frozen=True)
class Fresh:
    """The newest day of a product that readers of the marts see, and since when."""

    dataset: str
    day: str
    since: datetime


@dataclass(frozen=True)
class Standing:
    """The whole, with one sentence that says it all; `well` if nobody has to do anything."""

    well: bool
    verdict: str
    running: tuple[Work, ...]
    fresh: tuple[Fresh, ...]
    slots: tuple[Line, ...]


def standing(ledger: Ledger, datasets: Sequence[str], alive: Callable[[str], bool], limit: int) -> Standing:
    """Read the standing of the newest `limit` slots from the ledger; `alive` tells whether a lease's holder lives."""
    held = [lease for lease in ledger.leases() if alive(lease.holder)]
    names = {lease.name for lease in held}
    slots = [slot for dataset in datasets for slot in ledger.slots(dataset)]
    newest = sorted(slots, key=lambda slot: slot.day, reverse=True)[:limit]
    lines = tuple(_line(ledger, slot, running=slot.id in names) for slot in newest)
    fresh = tuple(found for dataset in datasets if (found := _fresh(ledger, dataset)))
    return Standing(*_verdict(lines, fresh), tuple(_work(lease) for lease in held), fresh, lines)


def _line(ledger: Ledger, slot: Slot, *, running: bool) -> Line:
    row = ledger.current(slot)
    last = next(iter(ledger.attempts(slot)[-1:]), None)
    error = last.error if last else None
    return Line(
        slot=slot.id,
        version=row.batch.version if row else None,
        state=row.state.value if row else "seen",
        batch=row.batch.id if row else None,
        last_attempt=_ending(last, running=running),
        since=last.started_at if last else None,
        error=error.sentence if error else None,
        next=error.next_command if error else None,
    )


def _ending(last: Attempt | None, *, running: bool) -> str:
    if last is None:
        return "none"
    return last.outcome or ("running" if running else "killed")


def _fresh(ledger: Ledger, dataset: str) -> Fresh | None:
    """Look from the newest day backwards for a version whose marts were built."""
    for slot in reversed(ledger.slots(dataset)):
        for row in reversed(ledger.history(slot)):
            for step in ledger.steps(row.batch.id):
                if step.step == "build":
                    return Fresh(dataset, slot.day.isoformat(), step.finished_at)
    return None


def _work(lease: Lease) -> Work:
    machine, pid, _, run_id = lease.holder.split("|")[:4]
    return Work(lease.name, f"process {pid} on {machine.split(':')[0]}", run_id, lease.expires_at)


def _verdict(lines: Sequence[Line], fresh: Sequence[Fresh]) -> tuple[bool, str]:
    """Say it all in one sentence: the newest trouble first, for that is what the reader came for."""
    stuck = [line for line in lines if line.last_attempt in ("failed", "killed", "lost")]
    running = [line for line in lines if line.last_attempt == "running"]
    shown = "; ".join(
        f"the marts show {each.day} of {each.dataset} since {each.since:%Y-%m-%d %H:%M} UTC" for each in fresh
    )
    tail = f"; {shown}" if shown else "; no marts are built yet"
    if stuck:
        more = f" and {len(stuck) - 1} more" if len(stuck) > 1 else ""
        return False, f"{stuck[0].slot}{more} did not get through{tail}"
    if running:
        return True, f"{running[0].slot} is being carried now{tail}"
    if not lines:
        return True, "nothing was carried yet"
    return True, f"all of the newest {len(lines)} slots are done{tail}"
