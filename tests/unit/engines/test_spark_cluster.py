"""The settings of a driver in a pod, and what is told where the pod's template leaves something out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from conductor.engines.spark_cluster import (
    EXECUTOR_SCRATCH,
    GivenSpark,
    SparkCluster,
    cluster_conf,
    spark_cluster,
)
from conductor.engines.spark_sizes import spark_sizes
from conductor.errors import FixTheConfiguration
from conductor.settings import Settings

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "k8s" / "spark" / "executor.yaml"
IN_POD = {
    "spark_master": "k8s://https://kubernetes.default.svc",
    "spark_namespace": "conductor-flows",
    "spark_pod_name": "refine-finance-sales-receipts-2026-03-02-x7k2p-9fqzd",
    "spark_pod_ip": "10.1.2.3",
    "spark_image": "cloud-conductor-spark:1",
}
SIZES = spark_sizes(2**30, Settings())


def conf(**more: object) -> dict[str, str]:
    cluster = spark_cluster(Settings(**IN_POD | more), SIZES, TEMPLATE)
    assert isinstance(cluster, SparkCluster)
    return dict(cluster_conf(cluster))


def test_the_spark_of_a_service_is_taken_as_it_is_given() -> None:
    assert spark_cluster(Settings(spark_master="given"), SIZES, TEMPLATE) == GivenSpark()


def test_without_a_master_spark_runs_here() -> None:
    assert spark_cluster(Settings(), SIZES, TEMPLATE) is None


@pytest.mark.parametrize("name", ["spark_namespace", "spark_pod_name", "spark_pod_ip", "spark_image"])
def test_a_part_that_the_pod_does_not_say_is_named(name: str) -> None:
    with pytest.raises(FixTheConfiguration, match=f"the setting {name} is empty"):
        conf(**{name: ""})


def test_connections_are_authenticated_and_encrypted_on_two_ports_that_a_policy_can_name() -> None:
    found = conf()
    assert found["spark.authenticate"] == found["spark.network.crypto.enabled"] == "true"
    assert {value for name, value in found.items() if name.lower().endswith("port")} == {"7078", "7079"}
    assert found["spark.port.maxRetries"] == "0"
    assert found["spark.driver.host"] == found["spark.driver.bindAddress"] == "10.1.2.3"


def test_executors_belong_to_the_drivers_pod_and_bear_a_part_of_its_name_that_kubernetes_takes() -> None:
    found = conf()
    prefix = found["spark.kubernetes.executor.podNamePrefix"]
    assert found["spark.kubernetes.driver.pod.name"] == IN_POD["spark_pod_name"]
    assert str(IN_POD["spark_pod_name"]).endswith(prefix)
    assert len(prefix) <= 47
    assert prefix[0].isalpha()


def test_executors_come_and_go_with_the_work_and_one_is_there_always() -> None:
    found = conf()
    assert found["spark.dynamicAllocation.enabled"] == "true"
    assert found["spark.dynamicAllocation.shuffleTracking.enabled"] == "true"
    assert (found["spark.dynamicAllocation.minExecutors"], found["spark.dynamicAllocation.maxExecutors"]) == (
        "1",
        "4",
    )
    assert "spark.executor.instances" not in found  # it would switch the allocation's own start off
    assert not [name for name, value in found.items() if name.endswith("imeout") and value == "infinity"]


def test_the_executors_template_is_restricted_and_has_the_folder_that_tasks_write_into() -> None:
    pod = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"]}
    assert mounts["spark-local-dir-1"] == EXECUTOR_SCRATCH
    assert volumes.keys() == mounts.keys()


def test_the_cpu_asked_for_is_in_thousandths() -> None:
    assert conf(spark_executor_cpu=0.3)["spark.kubernetes.executor.request.cores"] == "300m"
