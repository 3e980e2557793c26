"""The work pools: what sets them apart. What they share stands in pool_template.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pool:
    """What sets a work pool apart. `token` is whether its pods get one of the API server."""

    name: str
    description: str
    image: str
    account: str
    memory: str
    cpu: str
    disk: str
    token: bool = False
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    fixed_env: Sequence[Mapping[str, object]] = ()


def _from_pod(name: str, path: str) -> Mapping[str, object]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


POOLS = (
    Pool(
        name="polars",
        description="Pods of one process: everything that needs no Java.",
        image="cloud-conductor",
        account="conductor-flow",
        memory="2Gi",
        cpu="500m",
        disk="8Gi",
        env={"CONDUCTOR_SPARK_RUNS": "pool"},
    ),
    Pool(
        name="spark",
        description="Drivers of Spark, which ask the API server for their executors.",
        image="cloud-conductor-spark",
        account="spark-driver",
        memory="1792Mi",
        cpu="500m",
        disk="4Gi",
        token=True,
        env={"CONDUCTOR_SPARK_MASTER": "k8s://https://kubernetes.default.svc"},
        fixed_env=(
            {"name": "CONDUCTOR_SPARK_IMAGE", "value": "{{ image }}"},
            _from_pod("CONDUCTOR_SPARK_NAMESPACE", "metadata.namespace"),
            _from_pod("CONDUCTOR_SPARK_POD_NAME", "metadata.name"),
            _from_pod("CONDUCTOR_SPARK_POD_IP", "status.podIP"),
        ),
    ),
    Pool(
        name="platform",
        description="The platform's own flows: they look after runs, and move no data.",
        image="cloud-conductor",
        account="conductor-flow",
        memory="512Mi",
        cpu="200m",
        disk="1Gi",
    ),
)
