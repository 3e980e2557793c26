"""Recorded words of a real cluster, one file a case, and their diagnosis; then what could not be recorded, built by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from conductor.cluster.objects import Happened, Pod
from conductor.cluster.verdicts import Category, Retry
from conductor.diagnosis import Evidence, diagnose

from .facts import NOW, OOM, RUNNING, ago, job, pod
from .recorded import read

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_a_cluster_said_is_called_by_its_name(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = read(case)
    assert found.category == case["category"]
    assert found.summary
    assert found.detail


def of(*pods: Pod, said: str = "", **more: object) -> tuple[Category, Retry]:
    found = diagnose(Evidence(NOW, job(**more), pods, said=said))
    return found.category, found.retry


def disrupted(reason: str) -> Pod:
    target = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "told"}
    return pod("Failed", containers=[RUNNING], conditions=[target])


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("EvictionByEvictionAPI", Category.DISRUPTED),
        ("PreemptionByScheduler", Category.DISRUPTED),
        ("TerminationByKubelet", Category.EVICTED),
        ("DeletionByTaintManager", Category.NODE_LOST),
        ("DeletionByPodGC", Category.NODE_LOST),
    ],
)
def test_a_disruption_is_named_by_who_caused_it(reason: str, category: Category) -> None:
    assert of(disrupted(reason)) == (category, Retry.AGAIN)


def test_a_pod_that_nobody_ends_is_on_a_lost_node() -> None:
    assert of(pod(containers=[RUNNING], deleting=ago(seconds=61)))[0] is Category.NODE_LOST
    assert of(pod(containers=[RUNNING], deleting=ago(seconds=59)))[0] is Category.DELETED


def test_a_node_short_of_memory_that_chose_this_pod_is_an_eviction_and_not_the_pods_own_fault() -> None:
    status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    whole = {"metadata": {"name": "p", "creationTimestamp": "2026-11-20T02:00:00Z"}, "status": status}
    assert of(Pod.model_validate(whole)) == (Category.EVICTED, Retry.AGAIN)


def test_a_child_killed_for_memory_counts_though_the_pod_succeeded() -> None:
    assert of(pod("Succeeded", containers=[OOM]), ended="Complete") == (Category.OUT_OF_MEMORY, Retry.LARGER)


def test_an_executor_whose_heap_was_full_is_out_of_memory_and_a_program_of_that_code_is_not() -> None:
    ended = {"name": "c", "restartCount": 0, "state": {"terminated": {"reason": "Error", "exitCode": 52}}}
    executor = pod("Failed", containers=[ended], labels={"spark-role": "executor"})
    assert of(executor)[0] is Category.OUT_OF_MEMORY
    assert of(pod("Failed", containers=[ended]))[0] is Category.EXIT_CODE


@pytest.mark.parametrize(
    "said",
    [
        "SparkException: Job aborted: Python worker exited unexpectedly (crashed)",
        "ExecutorLostFailure (executor 1 exited): exit code: 137, termination reason: OOMKilled",
        "java.lang.OutOfMemoryError: Java heap space",
    ],
)
def test_what_spark_says_of_its_executors_counts(said: str) -> None:
    assert of(pod("Succeeded"), said=said)[0] is Category.OUT_OF_MEMORY


def test_the_newest_pod_has_the_first_word() -> None:
    old = pod("Failed", containers=[OOM], created=ago(hours=1))
    assert of(old, disrupted("EvictionByEvictionAPI"))[0] is Category.DISRUPTED
    assert of(old, pod(containers=[RUNNING]))[0] is Category.OUT_OF_MEMORY


def test_a_full_quota_is_a_lack_of_room() -> None:
    event = Happened.model_validate(
        {
            "reason": "FailedCreate",
            "message": 'pods "x" is forbidden: exceeded quota: flows, requested: cpu=1',
            "involvedObject": {"kind": "Job", "name": "nightly-abc"},
        }
    )
    assert diagnose(Evidence(NOW, job(), events=(event,))).category is Category.UNSCHEDULABLE


def test_a_deadline_of_the_job_wins_over_what_its_pods_say() -> None:
    assert (
        of(pod("Failed", containers=[OOM]), ended="Failed", reason="DeadlineExceeded")[0] is Category.DEADLINE
    )


def test_without_a_sign_nobody_is_blamed() -> None:
    assert of(pod("Succeeded"), ended="Complete") == (Category.UNKNOWN, Retry.NO)
    assert diagnose(Evidence(NOW + timedelta(hours=1))).category is Category.DELETED
