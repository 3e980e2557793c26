"""From one reading to what is to be done: each way in which a run may be left hanging, and each in which it only seems so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from conductor.cluster.actions import (
    Action,
    CloseAttempt,
    DeleteJob,
    DeletePod,
    EndRun,
    NoteIncident,
    Resubmit,
    SizeDeployment,
    SubmitLarger,
    Warn,
    confirmed,
)
from conductor.cluster.lifecycle import decide
from conductor.cluster.objects import DEADLINE
from conductor.cluster.runs import Patience, Reading
from conductor.cluster.verdicts import Category
from conductor.ledger import Attempt, Size
from conductor.values import Slot

from .facts import NOW, OOM, PULL, RUN, RUNNING, ago, job, made, pod, run, unschedulable

PATIENCE = Patience(
    stuck={
        Category.UNSCHEDULABLE: timedelta(minutes=30),
        Category.IMAGE_PULL: timedelta(minutes=10),
        Category.CONFIGURATION: timedelta(minutes=5),
    }
)
SLOT = Slot(dataset="finance/sales_receipts", day=datetime(2026, 11, 19, tzinfo=UTC).date())
ATTEMPT = Attempt(SLOT, 3, RUN, 7, ago(minutes=20), None, None, None, None)


def kinds(actions: tuple[Action, ...]) -> list[type]:
    return [type(action) for action in actions]


def only(reading: Reading) -> Action:
    (action,) = decide(reading, PATIENCE)
    return action


def at_work() -> Reading:
    return Reading(NOW, runs=(run("RUNNING"),), jobs=(job(),), pods=(pod(containers=[RUNNING]),))


def test_a_run_at_work_is_left_alone() -> None:
    assert decide(at_work(), PATIENCE) == ()


def test_a_failed_job_crashes_its_run_with_the_cause() -> None:
    late = job(ended="Failed", reason="DeadlineExceeded", at=ago(minutes=2))
    action = only(Reading(NOW, runs=(run("RUNNING"),), jobs=(late,)))
    assert isinstance(action, EndRun)
    assert (action.run_id, action.state) == (RUN, "CRASHED")
    assert action.cause
    assert action.cause.category is Category.DEADLINE
    assert action.cause.runbook in action.message


def test_a_job_that_has_just_failed_is_first_left_to_prefects_own_observer() -> None:
    late = job(ended="Failed", reason="BackoffLimitExceeded", at=ago(seconds=20))
    assert decide(Reading(NOW, runs=(run("RUNNING"),), jobs=(late,)), PATIENCE) == ()


def test_a_running_run_without_job_and_pod_is_crashed() -> None:
    action = only(Reading(NOW, runs=(run("RUNNING"),)))
    assert isinstance(action, EndRun)
    assert action.cause
    assert action.cause.category is Category.DELETED


def test_a_pod_that_ended_without_a_word_is_crashed() -> None:
    over = job(ended="Complete", at=ago(minutes=2))
    assert isinstance(only(Reading(NOW, runs=(run("RUNNING"),), jobs=(over,))), EndRun)


@pytest.mark.parametrize(
    ("containers", "conditions", "minutes", "category"),
    [
        ([PULL], [], 10, Category.IMAGE_PULL),
        ([], unschedulable(), 30, Category.UNSCHEDULABLE),
    ],
)
def test_a_pod_that_cannot_start_is_given_up_when_its_category_s_patience_ends(
    containers: list[dict[str, object]], conditions: list[dict[str, str]], minutes: int, category: Category
) -> None:
    def stuck(seconds: int) -> Reading:
        since = ago(minutes=minutes, seconds=seconds)
        waiting = pod("Pending", containers=containers, conditions=conditions, created=since)
        return Reading(NOW, runs=(run("PENDING"),), jobs=(job(since),), pods=(waiting,))

    assert decide(stuck(-1), PATIENCE) == ()
    end, delete = decide(stuck(1), PATIENCE)
    assert isinstance(end, EndRun)
    assert end.state == "CANCELLED"
    assert end.cause
    assert end.cause.category is category
    assert isinstance(delete, DeleteJob)


def test_a_running_run_whose_replacement_cannot_start_is_given_up_too() -> None:
    first = pod("Failed", containers=[RUNNING], created=ago(hours=2))
    second = pod("Pending", containers=[PULL], created=ago(minutes=11), name="nightly-abc-x2")
    found = decide(
        Reading(NOW, runs=(run("RUNNING"),), jobs=(job(ago(hours=2)),), pods=(first, second)), PATIENCE
    )
    assert kinds(found)[:2] == [EndRun, DeleteJob]


def test_between_two_pods_of_a_job_nothing_is_given_up() -> None:
    old = Reading(
        NOW, runs=(run("RUNNING"),), jobs=(job(ago(hours=5)),), noted=frozenset({(RUN, "nightly-abc-x1")})
    )
    assert decide(old, PATIENCE) == ()


def test_a_deadline_is_that_of_the_deployment_or_else_that_of_all() -> None:
    def after(hours: float, annotations: dict[str, str]) -> tuple[Action, ...]:
        lasting = job(ago(hours=hours), annotations=annotations)
        return decide(replace(at_work(), jobs=(lasting,)), PATIENCE)

    assert after(5.9, {}) == ()
    assert kinds(after(6.1, {})) == [EndRun, DeleteJob]
    assert after(7, {DEADLINE: "28800"}) == ()
    assert kinds(after(1.1, {DEADLINE: "3600"})) == [EndRun, DeleteJob]


def test_a_run_cancelled_before_its_pod_started_is_ended_at_once() -> None:
    waiting = pod("Pending", containers=[PULL], created=ago(minutes=1))
    cancelled = run("CANCELLING", ago(seconds=1))
    found = decide(Reading(NOW, runs=(cancelled,), jobs=(job(ago(minutes=1)),), pods=(waiting,)), PATIENCE)
    assert kinds(found) == [EndRun, DeleteJob]
    assert isinstance(found[0], EndRun)
    assert found[0].state == "CANCELLED"


def test_a_cancelled_run_that_goes_on_has_its_job_removed_after_its_grace() -> None:
    def cancelled(seconds: float) -> tuple[Action, ...]:
        return decide(replace(at_work(), runs=(run("CANCELLING", ago(seconds=seconds)),)), PATIENCE)

    assert cancelled(89) == ()
    assert kinds(cancelled(91)) == [EndRun, DeleteJob]


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"])
def test_a_job_that_outlives_its_run_is_removed_after_its_grace(state: str) -> None:
    def over(seconds: float) -> tuple[Action, ...]:
        return decide(replace(at_work(), runs=(run(state, ago(seconds=seconds)),)), PATIENCE)

    assert over(89) == ()
    assert kinds(over(91)) == [DeleteJob]


def test_a_job_of_a_deleted_run_is_removed() -> None:
    assert kinds(decide(Reading(NOW, jobs=(job(),)), PATIENCE)) == [DeleteJob]
    assert decide(Reading(NOW, jobs=(job(ago(seconds=30)),)), PATIENCE) == ()


def test_a_job_that_is_no_run_s_is_nobody_s_business() -> None:
    assert decide(Reading(NOW, jobs=(job(run_id=""),)), PATIENCE) == ()


def test_executors_go_when_their_driver_is_gone() -> None:
    driver = pod(containers=[RUNNING], uid="driver")
    executor = pod(name="exec-1", uid="e", labels={"spark-role": "executor"}, owner="driver")
    assert decide(replace(at_work(), pods=(driver, executor)), PATIENCE) == ()
    ended = pod("Succeeded", containers=[RUNNING], uid="driver")
    action = only(Reading(NOW, pods=(ended, executor)))
    assert isinstance(action, DeletePod)
    assert (action.name, action.force) == ("exec-1", False)


def test_a_pod_on_a_lost_node_is_removed_by_force_so_that_the_next_one_may_start() -> None:
    hanging = pod(containers=[RUNNING], deleting=ago(minutes=6))
    noted = frozenset({(RUN, hanging.name)})
    action = only(replace(at_work(), pods=(hanging,), noted=noted))
    assert isinstance(action, DeletePod)
    assert action.force
    newly = pod(containers=[RUNNING], deleting=ago(minutes=2))
    assert decide(replace(at_work(), pods=(newly,), noted=noted), PATIENCE) == ()


def test_a_pending_run_without_a_job_is_submitted_again() -> None:
    assert isinstance(only(Reading(NOW, runs=(run("PENDING", ago(minutes=6)),))), Resubmit)
    assert decide(Reading(NOW, runs=(run("PENDING", ago(minutes=4)),)), PATIENCE) == ()


def test_a_retry_that_no_pod_will_make_is_submitted_again() -> None:
    due = run("SCHEDULED", state_name="AwaitingRetry", due=ago(minutes=6))
    assert isinstance(only(Reading(NOW, runs=(due,))), Resubmit)
    assert decide(replace(at_work(), runs=(due,)), PATIENCE) == (), "its pod is there and will retry"


def test_a_late_run_is_told_of_and_left_alone() -> None:
    assert isinstance(
        only(Reading(NOW, runs=(run("SCHEDULED", state_name="Late", due=ago(minutes=16)),))), Warn
    )
    assert (
        decide(Reading(NOW, runs=(run("SCHEDULED", state_name="Late", due=ago(minutes=14)),)), PATIENCE) == ()
    )


def out_of_memory(**more: str) -> Reading:
    killed = pod("Succeeded", containers=[OOM])
    over = job(ended="Complete", at=ago(minutes=1))
    crashed = run("CRASHED", ago(minutes=1), product="finance/sales_receipts", **more)
    return Reading(NOW, runs=(crashed,), jobs=(over,), pods=(killed,), noted=frozenset({(RUN, killed.name)}))


def test_out_of_memory_is_tried_again_once_with_half_as_much_again() -> None:
    action = only(out_of_memory())
    assert isinstance(action, SubmitLarger)
    assert (action.memory_mib, action.product) == (1536, "finance/sales_receipts")
    assert action.deployment == "nightly/night"


def test_a_larger_try_waits_until_the_killed_one_no_longer_holds_its_slot() -> None:
    holding = replace(out_of_memory(), attempts=(ATTEMPT,), held=frozenset({SLOT.id}))
    assert decide(holding, PATIENCE) == ()
    assert SubmitLarger in kinds(decide(replace(holding, held=frozenset()), PATIENCE))


def test_a_larger_try_that_runs_out_of_memory_too_is_for_a_person() -> None:
    assert decide(out_of_memory(larger_of="22222222-2222-2222-2222-222222222222"), PATIENCE) == ()


def test_what_was_tried_larger_already_is_not_tried_again() -> None:
    size = Size("nightly/night", "finance/sales_receipts", 1536, RUN, NOW)
    known = replace(out_of_memory(), sizes=(size,), memory={"nightly/night": 1536})
    assert decide(known, PATIENCE) == ()


def test_a_deployment_starts_with_the_most_that_any_of_its_products_needed() -> None:
    sizes = (Size("files/f", "sales/a", 768, "1", NOW), Size("files/f", "sales/b", 1536, "2", NOW))
    assert decide(Reading(NOW, sizes=sizes, memory={"files/f": 512}), PATIENCE) == (
        SizeDeployment("2", "files/f", 1536),
    )
    assert decide(Reading(NOW, sizes=sizes, memory={"files/f": 2048}), PATIENCE) == ()
    assert decide(Reading(NOW, sizes=sizes, memory={}), PATIENCE) == (), "a deployment that is gone"


def test_an_attempt_whose_pod_is_gone_is_closed_with_the_cause() -> None:
    crashed = run("CRASHED", ago(minutes=2), said="Kubernetes job was deleted")
    action, note = sorted(decide(Reading(NOW, runs=(crashed,), attempts=(ATTEMPT,)), PATIENCE), key=str)
    assert isinstance(action, CloseAttempt)
    assert isinstance(note, NoteIncident)
    assert (action.slot, action.attempt, action.cause.category) == (SLOT.id, 3, Category.DELETED)


def test_an_attempt_is_left_open_while_its_pod_is_there_or_its_slot_is_held() -> None:
    assert decide(replace(at_work(), attempts=(ATTEMPT,)), PATIENCE) == ()
    crashed, noted = run("CRASHED", ago(minutes=2)), frozenset({(RUN, RUN)})
    held = Reading(NOW, runs=(crashed,), attempts=(ATTEMPT,), held=frozenset({SLOT.id}), noted=noted)
    assert decide(held, PATIENCE) == ()


def test_why_a_run_crashed_is_on_record_though_nothing_of_it_is_left() -> None:
    crashed = run("CRASHED", ago(minutes=2), said="Kubernetes job was deleted")
    note = only(Reading(NOW, runs=(crashed,)))
    assert isinstance(note, NoteIncident)
    assert (note.subject, note.cause.category) == (RUN, Category.DELETED)
    for known in ((RUN, RUN), (RUN, "nightly-abc-x1")):
        assert decide(Reading(NOW, runs=(crashed,), noted=frozenset({known})), PATIENCE) == ()


def test_a_pod_that_was_replaced_is_on_record() -> None:
    second = pod(containers=[RUNNING], name="nightly-abc-x2")
    events = (made("nightly-abc-x1"), made("nightly-abc-x2"))
    action = only(replace(at_work(), pods=(second,), events=events))
    assert isinstance(action, NoteIncident)
    assert (action.subject, action.cause.category) == ("nightly-abc-x1", Category.DISRUPTED)
    counted = only(replace(at_work(), jobs=(job(failed=1),), pods=(second,), events=events))
    assert isinstance(counted, NoteIncident)
    assert counted.cause.category is Category.DELETED
    noted = frozenset({(RUN, "nightly-abc-x1")})
    assert decide(replace(at_work(), pods=(second,), events=events, noted=noted), PATIENCE) == ()


def test_what_one_reading_asks_for_is_done_only_if_the_next_one_does_too() -> None:
    crash, other = EndRun(RUN, "CRASHED", "then"), DeleteJob(RUN, "flows", "j", "w")
    assert confirmed((crash, other), (replace(crash, message="now"),)) == (replace(crash, message="now"),)
    assert confirmed((), (crash,)) == ()
    assert confirmed((crash,), (replace(crash, state="CANCELLED"),)) == ()


def test_what_is_only_written_down_needs_no_second_reading() -> None:
    cause = only(replace(at_work(), pods=(), events=(made("nightly-abc-x1"),)))
    assert isinstance(cause, NoteIncident)
    assert confirmed((cause,), ()) == (cause,)
    assert confirmed((), (cause,)) == (cause,)
    assert confirmed((cause,), (cause,)) == (cause,)
