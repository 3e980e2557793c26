"""Take a person's correction of rows that were set aside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conductor.errors import FixTheData
from conductor.quality import corrections
from conductor.values import Extract, Landed, Refined
from flows.steps.step import step
from flows.steps.turn import Turn


@step(Extract)
def correct(
    turn: Turn,
    batch: str,
    file: Path | None,
    assignments: Mapping[str, str],
    where: Mapping[str, str],
    by: str,
    reason: str,
) -> Extract:
    """Make an extract of the corrected rows; each names, verbatim, the row that it replaces.

    Repeats: the same rows and the same reason give the same object.
    """
    refined = turn.workspace.ledger.remembered(batch, "refine", Refined)
    if refined is None or refined.rejected is None:
        raise FixTheData(f"batch {batch} has no rows set aside", next_command="conductor quarantine list")
    edit = corrections.Edit(file=file, assignments=dict(assignments), where=dict(where), by=by, reason=reason)
    return corrections.extract(
        turn.workspace.lake, refined, latest(turn), edit, turn.scratch / "correction", turn.workspace.now()
    )


def latest(turn: Turn) -> Landed:
    """Give the source's object that the slot's newest version is made of: what came last may have been there before."""
    ledger = turn.workspace.ledger
    current = ledger.current(turn.slot)
    used = current.batch.object_ids if current else ()
    given = [found for found in ledger.objects(turn.slot) if found.object_id in used and not found.corrects]
    if not given:
        raise FixTheData(
            f"nothing of {turn.slot.id} is in the raw zone", next_command="conductor run nightly-financials"
        )
    return given[-1]
