"""Values that contradict each other or miss something are refused before anything is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.chart import CHART, template

LOCAL = (CHART / "values-local.yaml",)

REFUSED = {
    "two-databases": (LOCAL, "externalDatabase.enabled=true", "/externalDatabase/enabled"),
    "no-database": ((), "externalDatabase.enabled=false", "/externalDatabase/enabled"),
    "two-redis": (LOCAL, "externalRedis.enabled=true", "/externalRedis/enabled"),
    "no-redis": ((), "externalRedis.enabled=false", "/externalRedis/enabled"),
    "two-ways-to-secrets": (LOCAL, "externalSecrets.enabled=true", "/externalSecrets/enabled"),
    "no-encryption-key": ((), "server.encryptionKey.existingSecret=", "/server/encryptionKey/existingSecret"),
    "no-auth-string": ((), "server.basicAuth.existingSecret=", "/server/basicAuth/existingSecret"),
    "two-apis-in-a-trial": (LOCAL, "server.replicaCount=2", "/server/replicaCount"),
    "storage-without-a-class": (LOCAL, "trial.persistence.enabled=true", "/trial/persistence/storageClass"),
    "ingress-without-a-host": ((), "ingress.enabled=true", "/ingress/host"),
    "metrics-without-credentials": (
        (),
        "serviceMonitor.enabled=true",
        "/serviceMonitor/basicAuth/existingSecret",
    ),
    "secrets-from-nowhere": ((), "externalSecrets.enabled=true", "/externalSecrets/provider"),
    "a-cloud-without-a-place": (
        (),
        "externalSecrets.enabled=true,externalSecrets.provider=aws",
        "/externalSecrets/aws/region",
    ),
    "a-workspace-without-fields": ((), "workspace.name=acme", "/workspace/spec"),
    "heartbeats-too-fast": ((), "worker.heartbeatSeconds=5", "/worker/heartbeatSeconds"),
    "credentials-in-plain-sight": (
        (),
        "server.env[0].name=PREFECT_SERVER_API_AUTH_STRING,server.env[0].value=a:b",
        "/server/env/0/name",
    ),
    "memory-without-a-limit": ((), "worker.resources.limits=null", "/worker/resources"),
    "a-name-with-a-slip": ((), "server.replicas=3", "replicas"),
    "a-variable-that-no-template-has": (
        (),
        "workPools.polars.variables.memory_reqest=1Gi",
        "knows no such variable; it knows",
    ),
    "a-pool-of-a-type-that-is-none": ((), "workPools.spark.type=spark", "/workPools/spark/type"),
    "a-variable-that-pods-have-and-jobs-do-not": (
        (),
        "workPools.spark.type=spark-service,workPools.spark.variables.cpu_limit=1",
        "knows no such variable; it knows",
    ),
    "a-pool-without-a-template": ((), "workPools.dask.replicaCount=1", "no base job template"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_and_the_value_is_named(case: str) -> None:
    files, options, told = REFUSED[case]
    done = template("--set", options, files=files)
    assert done.returncode != 0
    assert told in done.stderr.replace("at '", "").replace(".", "/") or told in done.stderr, done.stderr


@pytest.mark.parametrize("files", [(), LOCAL], ids=["default", "local"])
def test_the_same_values_without_the_slip_are_taken(files: tuple[Path, ...]) -> None:
    assert template(files=files).returncode == 0


def test_an_old_cluster_is_refused() -> None:
    done = template("--kube-version", "1.30.0")
    assert done.returncode != 0
    assert ">=1.31.0" in done.stderr
