"""A night above the threshold: its run hands the batch to the Spark pool, and goes on when executors in pods have refined it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from servers.kubernetes import need_image

from .nights import Night, Prefect, fresh_day, start
from .spark_ground import EXECUTORS, IMAGE, executors
from .trial import Trial

REFINE = "refine-batch/refine"
THRESHOLD = {"CONDUCTOR_SPARK_FROM_BYTES": "50000"}
"""Bytes; the receipts of a night have more, its rates and catalogue less."""
PATIENCE = 1500
"""Seconds; the first session of Spark alone took more than two minutes on a busy machine."""


@pytest.fixture(autouse=True)
def small_threshold(trial: Trial, prefect: Prefect) -> Iterator[None]:
    """The same threshold in the Spark pool while the test runs."""
    need_image(trial.cluster, IMAGE)
    deployment = prefect.ask("GET", f"/deployments/name/{REFINE}")
    place = f"/deployments/{deployment['id']}"
    prefect.ask("PATCH", place, {"job_variables": deployment["job_variables"] | {"env": THRESHOLD}})
    yield
    prefect.ask("PATCH", place, {"job_variables": deployment["job_variables"]})


def test_a_night_above_the_threshold_is_refined_by_executors_in_pods(trial: Trial, prefect: Prefect) -> None:
    night = begun(trial, prefect)
    night.until("executors work", lambda: executors(night.kube), PATIENCE)
    refined_by_spark(night)
    assert len(children(night)) == 1


def test_driver_and_waiting_run_may_both_be_killed_while_executors_work(
    trial: Trial, prefect: Prefect
) -> None:
    night = begun(trial, prefect)
    night.until("executors work", lambda: executors(night.kube), PATIENCE)
    (child,) = children(night)
    for run in (night.id, child):
        pods = [pod.name for pod in night.kube.pods(run) if pod.phase == "Running"]
        night.kube.do("delete", "pod", *pods, "--force", "--grace-period=0")
    refined_by_spark(night)


def begun(trial: Trial, prefect: Prefect) -> Night:
    return start(trial, prefect, fresh_day(trial), env=THRESHOLD)


def children(night: Night) -> list[str]:
    """Give the runs that refined, or were to refine, the night's slot."""
    query = f"SELECT DISTINCT run_id FROM attempts WHERE slot = '{night.slot}' AND run_id <> '{night.id}'"
    return night.trial.ledger(query)


def refined_by_spark(night: Night) -> None:
    """One effect, made by Spark, under epochs in the order of the hand-over; every row accounted for, and nothing left."""
    assert night.ended(PATIENCE) == "COMPLETED"
    steps = dict(
        line.split("|", 1)
        for line in night.trial.ledger(
            "SELECT step, steps.epoch || '|' || steps.value FROM steps JOIN batches ON id = batch "
            f"WHERE slot = '{night.slot}'"
        )
    )
    epochs = {step: int(said.split("|", 1)[0]) for step, said in steps.items()}
    refined = json.loads(steps["refine"].split("|", 1)[1])
    assert refined["choice"]["engine"] == "spark"
    assert "reaches the threshold" in refined["choice"]["reason"]
    counts = refined["counts"]
    assert counts["records"] == sum(each for name, each in counts.items() if name != "records")
    assert epochs["land"] < epochs["refine"] < epochs["publish"]
    night.until("nothing is left", lambda: not night.left() and not night.kube.items("pods", EXECUTORS))
    assert not night.trial.ledger(f"SELECT 1 FROM leases WHERE name = '{night.slot}' AND holder IS NOT NULL")
    assert night.trial.audited(night.day) == ""
