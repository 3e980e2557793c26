"""Where the seconds go from a run's request to the first line of ours: three warm nights, each of which finds its day done.

The table is printed: `python -m pytest -s -n 0 --all-cases tests/cluster/test_start_seconds.py`. Kubernetes tells whole seconds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from statistics import median

import pytest
from rich.console import Console
from rich.table import Table

from .nights import Night, Prefect, fresh_day, start
from .trial import Trial

NIGHTS = 3
WHAT = (
    "asked for",
    "a worker has taken it",
    "its Job is made",
    "its pod has a node",
    "its container has started",
    "Prefect's engine says that it runs",
    "first line in our ledger",
    "it has ended",
)
WHOLE_SECONDS = 1.0


# A measure, not a proof.
@pytest.mark.whole_sweep
def test_each_moment_of_a_start_is_known_and_follows_the_one_before(trial: Trial, prefect: Prefect) -> None:
    day = fresh_day(trial)
    assert start(trial, prefect, day).ended() == "COMPLETED"
    nights = [carried(trial, prefect, day) for _ in range(NIGHTS)]
    show([moments(night) for night in nights])
    for night in nights:
        for before, after in pairwise(moments(night)):
            assert (after - before).total_seconds() > -WHOLE_SECONDS


def carried(trial: Trial, prefect: Prefect, day: date) -> Night:
    night = start(trial, prefect, day)
    assert night.ended() == "COMPLETED"
    night.until("nothing of it is at work", lambda: not night.left())
    return night


def moments(night: Night) -> list[datetime]:
    """Give when what WHAT says was so, as those tell who did it: Prefect, Kubernetes, the ledger."""
    states = night.prefect.ask("GET", f"/flow_run_states/?flow_run_id={night.id}")
    newest_first = sorted(states, key=lambda each: each["timestamp"], reverse=True)
    at = {each["type"]: datetime.fromisoformat(each["timestamp"]) for each in newest_first}
    ((job,), (pod,)) = night.kube.jobs(night.id), night.kube.pods(night.id)
    (raw,) = night.kube.items("pods", f"prefect.io/flow-run-id={night.id}")
    ended = raw["status"]["containerStatuses"][0]["state"]["terminated"]
    scheduled = pod.condition("PodScheduled")
    assert scheduled is not None
    assert scheduled.since is not None
    query = f"SELECT min(started_at) AT TIME ZONE 'UTC' FROM attempts WHERE run_id = '{night.id}'"
    (first,) = night.trial.ledger(query)
    return [
        at["SCHEDULED"],
        at["PENDING"],
        job.created,
        scheduled.since,
        datetime.fromisoformat(ended["startedAt"]),
        at["RUNNING"],
        datetime.fromisoformat(first).replace(tzinfo=UTC),
        at["COMPLETED"],
    ]


def show(nights: list[list[datetime]]) -> None:
    """Print the seconds since the request, night by night, and the median of those since the line before."""
    table = Table("moment", *(f"night {n}" for n, _ in enumerate(nights, 1)), "since the line before, median")
    for place, what in enumerate(WHAT):
        since = [f"{(each[place] - each[0]).total_seconds():.1f} s" for each in nights]
        steps = [(each[place] - each[max(place - 1, 0)]).total_seconds() for each in nights]
        table.add_row(what, *since, f"{median(steps):.1f} s")
    Console(width=140).print(table)
