"""The base job templates: what Prefect's worker makes a Kubernetes Job of. One text for all pools.

A variable counts only where the job names it, which a test holds. There is no deadline in a Job: one that Kubernetes ends for it
leaves its run running for ever, so the reconciler ends runs, by the annotation `conductor/deadline-seconds`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from conductor.cli.generate.pools import Pool
from conductor.cluster.pools import COST, ENVIRONMENT

USER = 10001
GRACE_SECONDS = 60
"""From the signal to end until the end. A commit takes 40 s at most; the rest is Prefect's."""
KEPT_SECONDS = 3600
"""How long an ended Job stays: a worker that was away has to find it."""
MOUNTS = {"/tmp": "tmp", "/prefect": "prefect", "/home/conductor": "home"}  # noqa: S108 - the pod's own
"""The only folders that can be written to, all in one volume of bounded size that ends with the pod."""
TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
OBJECTS = {"type": "array", "items": {"type": "object"}, "default": []}


def template(pool: Pool) -> str:
    """Give the pool's base job template as JSON."""
    variables = {"type": "object", "properties": {**_who(pool), **_sizes(pool), **_where(), **_pays()}}
    return json.dumps({"job_configuration": _configuration(pool), "variables": variables}, indent=2) + "\n"


def service_template() -> str:
    """Give that of a pool whose runs are jobs at a service that runs Spark, with the pool's type."""
    from flows.workers.spark_service import SparkServiceWorker

    known = SparkServiceWorker.get_default_base_job_template()
    return json.dumps({"type": SparkServiceWorker.type, **known}, indent=2) + "\n"


def _who(pool: Pool) -> Mapping[str, object]:
    """Give the variables for what runs, and as whom. What Prefect fills in itself has no default."""
    env = {
        "PREFECT_HOME": "/prefect",
        **ENVIRONMENT,
        **pool.env,
    }
    return {
        "name": TEXT,
        "command": TEXT,
        "image": {**TEXT, "default": pool.image},
        "image_pull_policy": {
            **TEXT,
            "enum": ["IfNotPresent", "Always", "Never"],
            "default": "IfNotPresent",
        },
        "image_pull_secrets": OBJECTS,
        "namespace": {**TEXT, "default": "conductor-flows"},
        "service_account_name": {**TEXT, "default": pool.account},
        "env": {**TEXTS, "default": env},
        "env_from": {**OBJECTS, "default": [{"secretRef": {"name": "conductor-workspace"}}]},
        "labels": TEXTS,
        "annotations": TEXTS,
    }


def _sizes(pool: Pool) -> Mapping[str, object]:
    """Give the variables for sizes and times. Memory that is promised is all that is allowed, so that no neighbour is harmed."""
    mounts = [{"name": "scratch", "mountPath": path, "subPath": sub} for path, sub in MOUNTS.items()]
    return {
        "cpu_request": {**TEXT, "default": pool.cpu},
        "cpu_limit": TEXT,
        "memory_request": {**TEXT, "default": pool.memory},
        "memory_limit": {**TEXT, "default": pool.memory},
        "ephemeral_storage_request": {**TEXT, "default": "256Mi"},
        "ephemeral_storage_limit": {**TEXT, "default": pool.disk},
        "backoff_limit": {"type": "integer", "minimum": 1, "default": 3},
        "finished_job_ttl": {"type": "integer", "minimum": KEPT_SECONDS, "default": KEPT_SECONDS},
        "termination_grace_period_seconds": {
            "type": "integer",
            "minimum": GRACE_SECONDS,
            "default": GRACE_SECONDS,
        },
        "volumes": {**OBJECTS, "default": [{"name": "scratch", "emptyDir": {"sizeLimit": pool.disk}}]},
        "volume_mounts": {**OBJECTS, "default": mounts},
    }


def _where() -> Mapping[str, object]:
    """Give the variables for the nodes that a pod may go to, and for what it may push aside."""
    return {
        "node_selector": {**TEXTS, "default": {}},
        "tolerations": OBJECTS,
        "affinity": {"type": "object", "default": {}},
        "priority_class_name": TEXT,
    }


def _pays() -> Mapping[str, object]:
    label = "a label of Job and pod."
    return {
        name: {**TEXT, "default": value, "description": f"{said}; {label}"}
        for name, (value, said) in COST.items()
    }


def _configuration(pool: Pool) -> Mapping[str, object]:
    own = ("command", "env", "labels", "name", "annotations", "namespace")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "annotations": "{{ annotations }}",
            "generateName": "{{ name }}-",
            "labels": _cost_labels(),
            "namespace": "{{ namespace }}",
        },
        "spec": {
            "backoffLimit": "{{ backoff_limit }}",
            "ttlSecondsAfterFinished": "{{ finished_job_ttl }}",
            # A pod that is evicted or drained is replaced, after it has ended, without counting as a failure.
            "podFailurePolicy": {
                "rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
                ]
            },
            "template": {"metadata": {"labels": _cost_labels()}, "spec": _pod(pool)},
        },
    }
    return {**{name: f"{{{{ {name} }}}}" for name in own}, "job_manifest": job}


def _cost_labels() -> Mapping[str, str]:
    return {f"conductor/{name.replace('_', '-')}": f"{{{{ {name} }}}}" for name in COST}


def _pod(pool: Pool) -> Mapping[str, object]:
    return {
        "completions": 1,
        "parallelism": 1,
        "restartPolicy": "Never",
        "serviceAccountName": "{{ service_account_name }}",
        "automountServiceAccountToken": pool.token,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": "{{ termination_grace_period_seconds }}",
        "priorityClassName": "{{ priority_class_name }}",
        "nodeSelector": "{{ node_selector }}",
        "tolerations": "{{ tolerations }}",
        "affinity": "{{ affinity }}",
        "imagePullSecrets": "{{ image_pull_secrets }}",
        "volumes": "{{ volumes }}",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(pool)],
    }


def _container(pool: Pool) -> Mapping[str, object]:
    return {
        "name": "prefect-job",
        "image": "{{ image }}",
        "imagePullPolicy": "{{ image_pull_policy }}",
        "args": "{{ command }}",
        "env": list(pool.fixed_env) or "{{ env }}",
        "envFrom": "{{ env_from }}",
        "volumeMounts": "{{ volume_mounts }}",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": {
                "cpu": "{{ cpu_request }}",
                "memory": "{{ memory_request }}",
                "ephemeral-storage": "{{ ephemeral_storage_request }}",
            },
            "limits": {
                "cpu": "{{ cpu_limit }}",
                "memory": "{{ memory_limit }}",
                "ephemeral-storage": "{{ ephemeral_storage_limit }}",
            },
        },
    }
