"""I4: every raw object has come to an end."""

from __future__ import annotations

from conductor.audit.dossier import Dossier
from conductor.audit.landed import Unreadable
from conductor.audit.report import CHECKED, Outcomes, Problem
from conductor.contracts.model import Severity
from conductor.ledger.rows import BatchRow
from conductor.ledger.states import ENDS, VISIBLE
from conductor.values import Landed, State


def ended(dossier: Dossier) -> Outcomes:
    """Look for objects that no batch has, and for batches that stopped on the way; both only while no run is at work."""
    for item in dossier.found:
        yield CHECKED
        if item.object_id not in dossier.known:
            yield _stranger(item)
        elif isinstance(item, Landed):
            yield from _fate(dossier, item)


def _stranger(item: Landed | Unreadable) -> Problem:
    if isinstance(item, Unreadable):
        return Problem(sentence=item.sentence, next_command="conductor reconcile", object_id=item.object_id)
    return Problem(
        sentence=f"raw object {item.object_id} of {item.source} is in the raw zone and the ledger does not know it",
        next_command="conductor reconcile",
        object_id=item.object_id,
    )


def _fate(dossier: Dossier, landed: Landed) -> Outcomes:
    using = [row for row in dossier.batches if landed.object_id in row.batch.object_ids]
    last = using[-1] if using else None
    if _at_an_end(dossier, last) if last else _overtaken(dossier, landed):
        return
    stopped = f"stopped at {last.state.value} in batch {last.batch.id}" if last else "became no batch"
    yield Problem(
        sentence=f"raw object {landed.object_id} {stopped}, and no run works on it",
        next_command=_advice(dossier),
        severity=Severity.WARNING,
        batch=last.batch.id if last else None,
        object_id=landed.object_id,
    )


def _at_an_end(dossier: Dossier, row: BatchRow) -> bool:
    """Whether nothing is left to do for a batch; that of a product which others join ends when it is published."""
    ends = {State.ARCHIVED, *ENDS}
    return row.state in (ends | {*VISIBLE} if dossier.slot.dataset in dossier.evidence.joined else ends)


def _overtaken(dossier: Dossier, landed: Landed) -> bool:
    """Whether the source gave the slot anew before this object became a batch, and that later object did."""
    if landed.corrects:
        return False
    order = list(dossier.known)
    later = order[order.index(landed.object_id) + 1 :]
    return any(
        dossier.known[name].corrects is None and name in row.batch.object_ids
        for row in dossier.batches
        for name in later
    )


def _advice(dossier: Dossier) -> str:
    """Give what the last attempt said comes next."""
    failed = [attempt.error for attempt in dossier.evidence.ledger.attempts(dossier.slot) if attempt.error]
    return (failed[-1].next_command if failed else None) or "conductor reconcile"
