"""I6: every byte of raw is what was landed, in both places."""

from __future__ import annotations

from conductor.audit.dossier import Dossier
from conductor.audit.report import CHECKED, Outcomes, Problem
from conductor.raw.inspection import audit


def unchanged(dossier: Dossier) -> Outcomes:
    """Read every object in both places and compare; one that no batch has yet was not backed up, and is I4's."""
    evidence = dossier.evidence
    carried = {name for row in dossier.batches for name in row.batch.object_ids}
    for landed in dossier.objects.values():
        yield CHECKED
        for finding in audit(evidence.raw, evidence.backup, landed, dossier.folder):
            if finding.store == evidence.backup.name and landed.object_id not in carried:
                continue
            yield Problem(
                sentence=finding.problem,
                next_command="conductor reconcile",
                object_id=landed.object_id,
            )
