"""The base job templates: what each pool's pods may do, need and cost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pools import POOLS, quantity, rendered

ROOT = Path(__file__).parents[3]
PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")
COMMIT_SECONDS = 40  # the longest commit; what is left of the grace is Prefect's


def template(pool: str) -> dict[str, Any]:
    return json.loads((ROOT / f"k8s/pools/{pool}.json").read_text(encoding="utf-8"))


def pod(pool: str) -> dict[str, Any]:
    return rendered(pool)["spec"]["template"]["spec"]


@pytest.mark.parametrize("pool", POOLS)
def test_every_variable_is_used_and_every_placeholder_is_a_variable(pool: str) -> None:
    text = json.dumps(template(pool)["job_configuration"])
    assert set(PLACEHOLDER.findall(text)) == set(template(pool)["variables"]["properties"])


@pytest.mark.parametrize("pool", POOLS)
def test_the_chart_has_the_same_template(pool: str) -> None:
    chart = ROOT / f"helm/cloud-conductor/files/pools/{pool}.json"
    assert json.loads(chart.read_text(encoding="utf-8")) == template(pool)


def test_all_pools_together_ask_for_no_more_than_a_small_node_has() -> None:
    asked = [quantity(pod(pool)["containers"][0]["resources"]["requests"]["cpu"]) for pool in POOLS]
    assert sum(asked) <= 1.5


@pytest.mark.parametrize("pool", POOLS)
def test_memory_that_is_promised_is_all_that_is_allowed(pool: str) -> None:
    resources = pod(pool)["containers"][0]["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"]


@pytest.mark.parametrize("pool", POOLS)
def test_a_pod_can_write_only_to_a_volume_of_bounded_size_and_has_no_rights(pool: str) -> None:
    spec = pod(pool)
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (volume,) = spec["volumes"]
    assert quantity(volume["emptyDir"]["sizeLimit"]) <= quantity(
        container["resources"]["limits"]["ephemeral-storage"]
    )
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"]}


def test_only_sparks_driver_gets_a_token_unasked() -> None:
    tokens = {pool: pod(pool)["automountServiceAccountToken"] for pool in POOLS}
    assert tokens == {"polars": False, "spark": True, "platform": False}


def test_a_pod_of_the_polars_pool_gets_no_token_even_if_asked() -> None:
    asked = rendered("polars", automount_service_account_token=True)
    assert asked["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("pool", POOLS)
def test_a_disruption_is_no_failure_and_a_job_ends_only_by_its_pods(pool: str) -> None:
    spec = rendered(pool)["spec"]
    assert spec["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    assert spec["backoffLimit"] >= 1
    assert "activeDeadlineSeconds" not in spec
    assert "activeDeadlineSeconds" not in spec["template"]["spec"]


@pytest.mark.parametrize("pool", POOLS)
def test_a_pod_has_the_time_of_a_commit_to_end_and_its_job_stays_for_an_hour(pool: str) -> None:
    job = rendered(pool)
    assert job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > COMMIT_SECONDS
    assert job["spec"]["ttlSecondsAfterFinished"] >= 3600


@pytest.mark.parametrize("pool", POOLS)
def test_who_pays_stands_on_job_and_pod(pool: str) -> None:
    job = rendered(pool, owner="finance", cost_center="4711")
    for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert metadata["labels"]["conductor/owner"] == "finance"
        assert metadata["labels"]["conductor/cost-center"] == "4711"
        assert {"conductor/project", "conductor/compliance"} <= set(metadata["labels"])


@pytest.mark.parametrize("pool", POOLS)
def test_where_a_pod_goes_and_what_it_may_push_aside_can_be_said_per_run(pool: str) -> None:
    tolerations = [{"key": "spot", "operator": "Exists"}]
    job = rendered(pool, node_selector={"disk": "ssd"}, tolerations=tolerations, priority_class_name="high")
    spec = job["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["tolerations"], spec["priorityClassName"]) == (
        {"disk": "ssd"},
        tolerations,
        "high",
    )


@pytest.mark.parametrize("pool", POOLS)
def test_a_run_waits_out_a_server_that_is_away_and_gets_its_secrets_by_reference(pool: str) -> None:
    container = pod(pool)["containers"][0]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert (env["PREFECT_CLIENT_MAX_RETRIES"], env["PREFECT_HOME"]) == ("100", "/prefect")
    assert container["envFrom"] == [{"secretRef": {"name": "conductor-workspace"}}]


def test_sparks_driver_knows_its_own_pod_and_image() -> None:
    env = {each["name"]: each for each in pod("spark")["containers"][0]["env"]}
    assert env["CONDUCTOR_SPARK_POD_IP"]["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"
    assert env["CONDUCTOR_SPARK_POD_NAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert env["CONDUCTOR_SPARK_IMAGE"]["value"] == "cloud-conductor-spark"
