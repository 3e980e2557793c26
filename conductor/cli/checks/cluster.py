"""The cluster: its version and clock, what this account may do there, and the Secrets that flows need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from conductor.cli.checks.finding import Finding, note, ok, problem
from conductor.cli.checks.servers import clock
from conductor.cluster.api import Api
from conductor.cluster.inspection import RECONCILER, default_class, missing_rights, secret_keys, standing
from conductor.errors import FixTheConfiguration

OLDEST = (1, 31)
SECRETS: Mapping[str, frozenset[str]] = {
    "conductor-prefect": frozenset({"auth-string"}),
    "conductor-workspace": frozenset(
        {
            "CONDUCTOR_LEDGER_URL",
            "CONDUCTOR_WAREHOUSE_URL",
            "CONDUCTOR_TOKEN_KEY",
            "CONDUCTOR_ACCOUNTING_CLIENT_SECRET",
        }
    ),
}
"""The Secrets of the flows' namespace, with the keys that each has to have."""


def kubernetes(api: Api, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Ask for version, clock and default storage class."""
    found = standing(api)
    if found is None:
        yield problem("cluster", "what answers is no Kubernetes", "kubectl version")
        return
    told = ".".join(map(str, found.version))
    if found.version < OLDEST:
        yield problem(
            "cluster",
            f"Kubernetes {told} is older than 1.31: an eviction would count as a failure of the run",
            "upgrade the cluster",
        )
    else:
        yield ok("cluster", f"Kubernetes {told} answers")
    if found.clock:
        yield clock(found.clock - now(), "the cluster's")
    yield from _storage(api)


def _storage(api: Api) -> Iterator[Finding]:
    try:
        found = default_class(api)
    except FixTheConfiguration:
        yield note("storage class", "this account may not look at storage classes")
        return
    if found:
        yield ok("storage class", f"{found} is taken where none is named")
    else:
        yield note(
            "storage class",
            "none is the default: databases inside the cluster need one named",
            "kubectl get storageclass",
        )


def rights(api: Api, namespace: str) -> Iterator[Finding]:
    """Ask the cluster what this account may do for runs."""
    lacking = missing_rights(api, namespace, RECONCILER)
    for right in lacking:
        kind = f"{right.resource}.{right.group}" if right.group else right.resource
        yield problem(
            "rights",
            f"this account may not {right.verb} {kind} in {namespace}, so the reconciler would fail under it",
            f"kubectl auth can-i {right.verb} {kind} -n {namespace}",
        )
    if not lacking:
        yield ok("rights", f"this account may list and delete Jobs and pods in {namespace}")


def secrets(api: Api, namespace: str) -> Iterator[Finding]:
    """Look for the Secrets and their keys; no value is kept or shown."""
    for name, wanted in SECRETS.items():
        try:
            there = secret_keys(api, namespace, name)
        except FixTheConfiguration:
            yield note("secrets", f"this account may not look at Secret {name} in {namespace}")
            continue
        if there is None:
            command = f"kubectl create secret generic {name} -n {namespace} --from-env-file=FILE"
            yield problem("secrets", f"there is no Secret {name} in {namespace}", command)
        elif lacking := sorted(wanted - there):
            told = f"Secret {name} in {namespace} lacks {', '.join(lacking)}"
            yield problem("secrets", told, f"kubectl edit secret {name} -n {namespace}")
        else:
            yield ok("secrets", f"{name} has {', '.join(sorted(wanted))}")
