"""Check the invariants, slot by slot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from conductor.audit.announced import announced
from conductor.audit.books import booked
from conductor.audit.counted import counted
from conductor.audit.dossier import Dossier
from conductor.audit.ends import ended
from conductor.audit.epochs import fenced
from conductor.audit.evidence import Evidence
from conductor.audit.landed import Unreadable, objects_in
from conductor.audit.money import money
from conductor.audit.rebuilt import rebuilt
from conductor.audit.report import (
    Allowed,
    AuditReport,
    Check,
    Checked,
    Finding,
    Invariant,
    Note,
    Outcome,
    Outcomes,
    Problem,
    Unchecked,
)
from conductor.audit.unchanged import unchanged
from conductor.audit.unique import unique
from conductor.errors import FixTheConfiguration, FixTheData, RetryLater, StopAndCall
from conductor.tables import Commit
from conductor.values import Landed, Slot

Look: TypeAlias = Callable[[Dossier], Outcomes]

LOOKS: Mapping[Invariant, tuple[Look, ...]] = {
    Invariant.I1: (counted,),
    Invariant.I2: (unique,),
    Invariant.I3: (money, booked),
    Invariant.I4: (ended,),
    Invariant.I5: (announced,),
    Invariant.I6: (unchanged,),
    Invariant.I7: (fenced,),
    Invariant.I8: (rebuilt,),
}
WHILE_AT_WORK = frozenset({Invariant.I6})
"""What holds at any moment; the others hold when no run is between two of its writes."""


@dataclass(frozen=True)
class Scope:
    """What to audit: everything, or one dataset, one business date, some of the invariants."""

    dataset: str | None = None
    day: date | None = None
    invariants: tuple[Invariant, ...] = tuple(Invariant)


def audit(evidence: Evidence, scope: Scope, scratch: Path, tell: Callable[[str], object]) -> AuditReport:
    """Check the invariants against the evidence. `tell` hears what is being looked at; `scratch` is a local folder.

    What cannot be read as it was written is a finding; what does not answer now, or what a run is at work on, is not
    checked. Errors: `FixTheConfiguration` for an unknown dataset or a store that refuses.
    """
    outcomes: dict[Invariant, list[tuple[Slot, Outcome]]] = {name: [] for name in scope.invariants}
    scratch.mkdir(parents=True, exist_ok=True)
    allowed: list[Allowed] = []
    for dataset in _datasets(evidence, scope):
        for dossier in _dossiers(evidence, dataset, scope.day, scratch):
            allowed += _allowed(dossier)
            for invariant in scope.invariants:
                tell(f"{dossier.slot.id}  {invariant.value}: {invariant.promise}")
                found = _looked(dossier, invariant)
                outcomes[invariant] += [(dossier.slot, outcome) for outcome in found]
    checks = tuple(_check(name, found) for name, found in outcomes.items())
    return AuditReport(checks=checks, allowed=tuple(allowed))


def _datasets(evidence: Evidence, scope: Scope) -> tuple[str, ...]:
    known = tuple(sorted(evidence.products))
    if scope.dataset and scope.dataset not in known:
        raise FixTheConfiguration(f"there is no product {scope.dataset!r}; known are: {', '.join(known)}")
    return (scope.dataset,) if scope.dataset else known


def _dossiers(evidence: Evidence, dataset: str, day: date | None, scratch: Path) -> Iterator[Dossier]:
    """Give the slots that ledger, raw store or lake know, in order; each has its folder until the next is asked for."""
    commits: dict[Slot, list[Commit]] = defaultdict(list)
    for commit in reversed(evidence.table(dataset).history()):
        commits[commit.note.batch.slot].append(commit)
    found: dict[Slot, list[Landed | Unreadable]] = defaultdict(list)
    for item in objects_in(evidence.raw, dataset, day):
        found[item.slot].append(item)
    slots = set(evidence.ledger.slots(dataset)).union(commits, found)
    for slot in sorted(slots, key=lambda slot: slot.id):
        if day in (None, slot.day):
            with TemporaryDirectory(dir=scratch) as folder:
                yield Dossier(evidence, slot, tuple(commits[slot]), tuple(found[slot]), Path(folder))


def _allowed(dossier: Dossier) -> Iterator[Allowed]:
    for row in dossier.batches:
        for given in dossier.evidence.ledger.approvals(row.batch.id):
            yield Allowed(slot=dossier.slot.id, **asdict(given))


def _looked(dossier: Dossier, invariant: Invariant) -> Iterator[Outcome]:
    if dossier.busy and invariant not in WHILE_AT_WORK:
        yield Unchecked(sentence="a run works on the slot now")
        return
    for look in LOOKS[invariant]:
        try:
            yield from look(dossier)
        except RetryLater as error:
            yield Unchecked(sentence=error.sentence)
        except (StopAndCall, FixTheData) as error:
            yield Problem(
                sentence=error.sentence,
                next_command=error.next_command or f"conductor explain {dossier.slot.id}",
                batch=error.batch,
            )


def _check(invariant: Invariant, outcomes: list[tuple[Slot, Outcome]]) -> Check:
    findings = [
        Finding(invariant=invariant, slot=slot.id, **outcome.model_dump())
        for slot, outcome in outcomes
        if isinstance(outcome, Problem)
    ]
    notes = [
        Note(invariant=invariant, slot=slot.id, sentence=outcome.sentence)
        for slot, outcome in outcomes
        if isinstance(outcome, Unchecked)
    ]
    return Check(
        invariant=invariant,
        promise=invariant.promise,
        unit=invariant.unit,
        checked=sum(isinstance(outcome, Checked) for _, outcome in outcomes),
        findings=tuple(findings),
        unchecked=tuple(notes),
    )
