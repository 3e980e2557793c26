"""What may happen to a night on a cluster, done to real nights: each ends once, loses nothing, leaves nothing, and says why.

Each test takes a business day of its own. A night that was given up is followed by another, which brings the day in.
A plain run takes one way to lose a pod, to be doubled, and to be cancelled.
"""

from __future__ import annotations

import json
from datetime import date

import pytest

from .nights import FINAL, Night, Prefect, fresh_day, start
from .trial import Trial

QUICK = {"CONDUCTOR_IMAGE_PULL_SECONDS": "20", "CONDUCTOR_UNSCHEDULABLE_SECONDS": "20"}
"""How long the reconciler leaves alone here what an operator leaves alone for minutes."""
LOOKS = 240
"""Seconds in which the reconciler has looked twice and acted, on a slow machine."""


@pytest.fixture(scope="module")
def quick(trial: Trial) -> Trial:
    """The trial with a reconciler of little patience."""
    words = [f"{name}={value}" for name, value in QUICK.items()]
    place = ("deployment/conductor-reconciler", "-n", trial.platform)
    trial.cluster.run("set", "env", *place, "-c", "reconciler", *words)
    trial.cluster.run("rollout", "status", *place, "--timeout=240s")
    return trial


@pytest.fixture
def day(quick: Trial) -> date:
    """A business day that nobody has carried."""
    return fresh_day(quick)


@pytest.mark.whole_sweep
def test_a_deleted_pod_is_replaced_and_the_night_goes_on(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    night.kube.do("delete", "pod", night.pod(), "--wait=false")
    assert night.ended() == "COMPLETED"
    all_is_well(night, cause="deleted")


@pytest.mark.whole_sweep
def test_a_pod_that_is_killed_without_a_word_is_replaced_and_its_lease_waited_for(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    night.kube.do("exec", night.pod(), "--", "sh", "-c", "kill -9 -1 || true", check=False)
    assert night.ended() == "COMPLETED"
    all_is_well(night, cause="exit-code")


def test_an_evicted_pod_is_replaced_and_counts_as_no_failure(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    night.kube.evict(night.pod())
    assert night.ended() == "COMPLETED"
    assert [job.failed for job in night.kube.jobs(night.id)] == [0]
    all_is_well(night, cause="disrupted")


@pytest.mark.whole_sweep
def test_a_drained_node_loses_the_pod_that_was_named_and_no_other(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    """The one node is there again as soon as it is empty, so that the night's next pod finds a place."""
    night = start(quick, prefect, day)
    night.at_work()
    before = platform_pods(quick)
    drained(night)
    assert night.ended() == "COMPLETED"
    assert len(night.kube.pods(night.id)) == 1
    assert [job.failed for job in night.kube.jobs(night.id)] == [0]
    assert platform_pods(quick) == before
    all_is_well(night, cause="disrupted")


@pytest.mark.whole_sweep
def test_a_deleted_job_crashes_its_night_and_the_next_one_brings_the_day(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    (job,) = night.kube.jobs(night.id)
    night.kube.do("delete", "job", job.name, "--wait=false")
    assert night.ended() == "CRASHED"
    all_is_well(night, cause="deleted")
    brought_in(night)


def test_a_run_that_is_started_twice_has_one_effect(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    twin(night)
    night.until("two pods of one run", lambda: len(night.kube.pods(night.id)) == 2)
    assert night.ended() == "COMPLETED"
    night.until("both pods have ended", lambda: all(pod.finished for pod in night.kube.pods(night.id)))
    assert night.ended() == "COMPLETED"
    all_is_well(night)
    query = f"SELECT count(DISTINCT steps.epoch) FROM steps JOIN batches ON id = batch WHERE slot = '{night.slot}'"
    assert quick.ledger(query) == ["1"]


@pytest.mark.whole_sweep
def test_a_night_that_is_cancelled_before_it_began_ends_soon(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    """Prefect alone takes five minutes for it: there is no pod that could hear of the cancelling."""
    night = start(quick, prefect, day, node_selector={"no-node": "has-this"}, finished_job_ttl=3600)
    night.until("a pod waits", lambda: night.kube.pods(night.id))
    cancel(night)
    assert night.ended(LOOKS) == "CANCELLED"
    all_is_well(night)


def test_a_night_that_is_cancelled_at_work_stops_and_the_next_one_brings_the_day(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    cancel(night)
    assert night.ended() == "CANCELLED"
    all_is_well(night)
    said = quick.ledger(f"SELECT DISTINCT sentence FROM attempts WHERE run_id = '{night.id}'")
    assert said == ["the run was told to end before it was done: its pod had to go, or somebody cancelled it"]
    brought_in(night)


@pytest.mark.whole_sweep
def test_a_missing_image_is_given_up_with_its_name(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day, image="cloud-conductor:no-such-version")
    assert night.ended(LOOKS) == "CANCELLED"
    all_is_well(night, cause="image-pull")
    assert "no-such-version" in night.state()["message"]


@pytest.mark.whole_sweep
def test_a_pod_that_no_node_takes_is_given_up(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day, node_selector={"no-node": "has-this"})
    assert night.ended(LOOKS) == "CANCELLED"
    all_is_well(night, cause="unschedulable")


@pytest.mark.whole_sweep
def test_out_of_memory_is_repeated_once_with_more(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day, memory_request="448Mi", memory_limit="448Mi")
    assert night.ended() == "CRASHED"
    night.until("it is repeated", lambda: larger(night), LOOKS)
    again = Night(quick, prefect, night.kube, larger(night)[0], day)
    assert again.ended() == "COMPLETED"
    (pod,) = night.kube.pods(again.id)
    assert pod.memory == "704Mi"
    all_is_well(night, cause="out-of-memory")
    all_is_well(again)


@pytest.mark.whole_sweep
def test_a_worker_that_is_killed_costs_nothing(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    killed(quick, "app.kubernetes.io/component=worker-polars")
    assert night.ended() == "COMPLETED"
    all_is_well(night)


@pytest.mark.whole_sweep
def test_prefects_api_may_be_killed_while_a_night_is_at_work(
    quick: Trial, prefect: Prefect, day: date
) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    killed(quick, "app.kubernetes.io/component=server")
    assert night.ended() == "COMPLETED"
    all_is_well(night)


@pytest.mark.whole_sweep
def test_a_restart_of_postgresql_is_got_over(quick: Trial, prefect: Prefect, day: date) -> None:
    """Prefect, ledger and warehouse are all in it. Its pod stays: a trial's data goes with the pod."""
    night = start(quick, prefect, day)
    night.at_work()
    place = ("exec", "-n", quick.platform, "conductor-postgresql-0", "--")
    quick.cluster.run(*place, "sh", "-c", "kill -INT $(head -1 /data/postgresql/postmaster.pid)", check=False)
    if night.ended() != "COMPLETED":
        brought_in(night)
    all_is_well(night)


@pytest.mark.whole_sweep
def test_redis_may_forget_everything(quick: Trial, prefect: Prefect, day: date) -> None:
    night = start(quick, prefect, day)
    night.at_work()
    flush = "REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/conductor/secret/redis.conf) redis-cli FLUSHALL"
    done = quick.cluster.run("exec", "-n", quick.platform, "conductor-redis-0", "--", "sh", "-c", flush)
    assert "OK" in done.stdout
    assert night.ended() == "COMPLETED"
    all_is_well(night)


def test_after_all_of_it_every_invariant_holds(quick: Trial) -> None:
    assert quick.audited() == ""


def all_is_well(night: Night, cause: str | None = None) -> None:
    """One end, however often it was said, nothing left, and every invariant of the day holds; where Kubernetes had a hand in it,
    `conductor explain` names the cause. A night that was given up may leave its day on the way: see `brought_in`.
    """
    night.until("nothing of it is at work", lambda: not night.left(), LOOKS)
    assert {state for state in night.states() if state in FINAL} == {night.state()["type"]}
    for job in night.kube.items("jobs", f"prefect.io/flow-run-id={night.id}"):
        assert job["spec"]["ttlSecondsAfterFinished"] == 3600
    if cause:
        night.until(f"{cause} is explained", lambda: cause in causes(night), LOOKS)
    else:
        assert not causes(night)
    if night.state()["type"] == "COMPLETED":
        assert night.trial.audited(night.day) == ""


def causes(night: Night) -> set[str]:
    """Give the causes that `conductor explain` names for a run, if it knows of any."""
    done = night.trial.command("explain", night.id, "--json", check=False)
    return (
        {each["category"] for each in json.loads(done.stdout)["incidents"]} if done.returncode == 0 else set()
    )


def brought_in(night: Night) -> None:
    """Have another night for the day, and see that it is carried to its end and every invariant of it holds."""
    again = start(night.trial, night.prefect, night.day)
    assert again.ended() == "COMPLETED"
    query = f"SELECT reached FROM batches WHERE slot = '{night.slot}' AND ended IS NULL"
    assert night.trial.ledger(query) == ["archived"]
    assert night.trial.audited(night.day) == ""


def cancel(night: Night) -> None:
    night.prefect.ask("POST", f"/flow_runs/{night.id}/set_state", {"state": {"type": "CANCELLING"}})


def larger(night: Night) -> list[str]:
    """Give the runs that repeat a night with more memory."""
    wanted = {"flow_runs": {"tags": {"all_": [f"larger-of:{night.id}"]}}}
    return [each["id"] for each in night.prefect.ask("POST", "/flow_runs/filter", wanted)]


def killed(trial: Trial, selector: str) -> None:
    """Kill the pods of a part without a word, and wait until new ones answer."""
    trial.cluster.run("delete", "pod", "-n", trial.platform, "-l", selector, "--grace-period=0", "--force")
    words = ("wait", "pod", "-l", selector, "-n", trial.platform, "--for=condition=Ready", "--timeout=240s")
    trial.cluster.until(
        "new pods are ready", lambda: trial.cluster.run(*words, check=False).returncode == 0, 300
    )


def drained(night: Night) -> None:
    """Drain the node of a night's pod of that pod alone, as an operator does, and let it take pods again."""
    run, pod = night.trial.cluster.run, night.pod()
    node = run("get", "pod", pod, "-n", night.trial.flows, "-o", "jsonpath={.spec.nodeName}").stdout
    words = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s")
    try:
        run("drain", node, f"--pod-selector=prefect.io/flow-run-id={night.id}", *words)
    finally:
        run("uncordon", node)


def platform_pods(trial: Trial) -> dict[str, str]:
    """Give the ids of the platform's pods by name, but for those of its regular jobs."""
    listed = [each["metadata"] for each in trial.cluster.read("get", "pods", "-n", trial.platform)["items"]]
    lasting = {"ReplicaSet", "StatefulSet"}
    return {
        each["name"]: each["uid"]
        for each in listed
        if lasting & {owner["kind"] for owner in each.get("ownerReferences", [])}
    }


def twin(night: Night) -> None:
    """Start the same run once more, as a second worker would that believes the first one lost."""
    (job,) = night.kube.items("jobs", f"prefect.io/flow-run-id={night.id}")
    meta, spec = job["metadata"], job["spec"]
    labels = {name: value for name, value in meta["labels"].items() if "controller-uid" not in name}
    template = spec["template"]
    template["metadata"]["labels"] = {
        name: value
        for name, value in template["metadata"]["labels"].items()
        if "controller-uid" not in name and "job-name" not in name
    }
    wanted = {"generateName": meta["generateName"], "labels": labels}
    body = {name: spec[name] for name in ("backoffLimit", "ttlSecondsAfterFinished", "podFailurePolicy")}
    made = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": wanted,
        "spec": {**body, "template": template},
    }
    night.kube.do("create", "-f", "-", given=made)
