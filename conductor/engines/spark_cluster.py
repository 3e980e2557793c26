"""Where Spark's executors are, if not in this process: pods that this pod asks Kubernetes for, or those of a service whose job this is.
All as values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from conductor.engines.spark_sizes import SparkSizes
from conductor.errors import FixTheConfiguration

LOCAL, GIVEN = "local[*]", "given"
DRIVER_PORT, BLOCK_PORT = "7078", "7079"
"""The only ports, on both sides, so that a network policy can name them."""
EXECUTOR_SCRATCH = "/spark-local"
"""Where the executor's template mounts room for shuffles and for files on their way."""
LONGEST_PREFIX = 40
"""Characters of the driver's name that begin those of its executors; Kubernetes refuses more than 47."""
FIXED = {
    "spark.submit.deployMode": "client",
    "spark.port.maxRetries": "0",
    "spark.driver.port": DRIVER_PORT,
    "spark.driver.blockManager.port": BLOCK_PORT,
    "spark.blockManager.port": BLOCK_PORT,
    "spark.kubernetes.executor.disableConfigMap": "true",
    "spark.kubernetes.driver.service.deleteOnTermination": "false",
    "spark.kubernetes.driver.ownPersistentVolumeClaim": "false",
    "spark.kubernetes.authenticate.executor.serviceAccountName": "spark-executor",
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.executor.cores": "1",
    "spark.task.maxFailures": "4",
    "spark.speculation": "false",
    "spark.sql.files.maxPartitionBytes": "32m",
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.minExecutors": "1",
    "spark.dynamicAllocation.executorIdleTimeout": "60s",
    "spark.dynamicAllocation.shuffleTracking.timeout": "300s",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout": "600s",
}
"""The driver's port runs code for whoever may connect, so it asks for a secret. Executors that hold what a shuffle wrote are let go,
too, after a while.
"""


class ClusterSettings(Protocol):
    """The settings that count."""

    @property
    def spark_master(self) -> str: ...

    @property
    def spark_namespace(self) -> str: ...

    @property
    def spark_pod_name(self) -> str: ...

    @property
    def spark_pod_ip(self) -> str: ...

    @property
    def spark_image(self) -> str: ...

    @property
    def spark_executor_template(self) -> Path | None: ...

    @property
    def spark_executor_cpu(self) -> float: ...

    @property
    def spark_wait_seconds(self) -> int: ...


@dataclass(frozen=True)
class SparkCluster:
    """Where executors run. `pod_name` is the driver's own pod, which owns them; `executor_cpu` in cores, asked for, not a limit."""

    master: str
    namespace: str
    pod_name: str
    pod_ip: str
    image: str
    executor_template: Path
    executor_cpu: float
    wait_seconds: int
    sizes: SparkSizes

    scratch: ClassVar[str] = EXECUTOR_SCRATCH


@dataclass(frozen=True)
class GivenSpark:
    """The Spark that this process was submitted to, with master, sizes and executors of its own."""

    scratch: ClassVar[str] = "/tmp"  # noqa: S108 - the one folder that every service's executors have


Executors = SparkCluster | GivenSpark


def spark_cluster(settings: ClusterSettings, sizes: SparkSizes, template: Path) -> Executors | None:
    """Give where the settings say that executors are; None where Spark runs in this process alone.

    `template` is the executor's template where the settings name none. A part that is missing is `FixTheConfiguration`.
    """
    if settings.spark_master == LOCAL:
        return None
    if settings.spark_master == GIVEN:
        return GivenSpark()
    for name in ("spark_namespace", "spark_pod_name", "spark_pod_ip", "spark_image"):
        if not getattr(settings, name):
            raise FixTheConfiguration(
                f"Spark's master is {settings.spark_master}, and the setting {name} is empty",
                next_command="look into the spark work pool's job template, which sets it in the driver's pod",
            )
    return SparkCluster(
        master=settings.spark_master,
        namespace=settings.spark_namespace,
        pod_name=settings.spark_pod_name,
        pod_ip=settings.spark_pod_ip,
        image=settings.spark_image,
        executor_template=settings.spark_executor_template or template,
        executor_cpu=settings.spark_executor_cpu,
        wait_seconds=settings.spark_wait_seconds,
        sizes=sizes,
    )


def cluster_conf(cluster: SparkCluster) -> Mapping[str, str]:
    """Give Spark's settings for a driver in a pod of the cluster."""
    sizes = cluster.sizes
    return {
        **FIXED,
        "spark.driver.host": cluster.pod_ip,
        "spark.driver.bindAddress": cluster.pod_ip,
        "spark.driver.memory": f"{sizes.driver_heap}m",
        "spark.kubernetes.namespace": cluster.namespace,
        "spark.kubernetes.driver.pod.name": cluster.pod_name,
        "spark.kubernetes.container.image": cluster.image,
        "spark.kubernetes.executor.podTemplateFile": str(cluster.executor_template),
        "spark.kubernetes.executor.podNamePrefix": _prefix(cluster.pod_name),
        "spark.kubernetes.executor.request.cores": f"{round(cluster.executor_cpu * 1000)}m",
        "spark.executor.memory": f"{sizes.executor_heap}m",
        "spark.executor.memoryOverhead": f"{sizes.executor_beside}m",
        "spark.dynamicAllocation.maxExecutors": str(sizes.executors),
    }


def _prefix(pod_name: str) -> str:
    """Give the end of the name, where what sets pods apart stands; it begins with a letter."""
    return re.sub(r"^[^a-z]+", "", pod_name[-LONGEST_PREFIX:])
