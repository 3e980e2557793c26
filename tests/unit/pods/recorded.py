"""What a cluster said of a run, as recorded, and the diagnosis of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from conductor.cluster.objects import Happened, Job, Pod
from conductor.cluster.verdicts import Diagnosis
from conductor.diagnosis import Evidence, diagnose


def evidence(case: Mapping[str, Any]) -> Evidence:
    """Read what the API said."""
    return Evidence(
        at=datetime.fromisoformat(case["at"]),
        job=Job.model_validate(case["job"]) if case["job"] else None,
        pods=tuple(Pod.model_validate(each) for each in case["pods"]),
        events=tuple(Happened.model_validate(each) for each in case["events"]),
        said=case.get("said", ""),
    )


def read(case: Mapping[str, Any]) -> Diagnosis:
    """Diagnose what the API said."""
    return diagnose(evidence(case))
