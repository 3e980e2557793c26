"""What each service account may do, as the API server sees it: exactly what stands here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from ruamel.yaml import YAML
from servers.chart import VALUES, template
from servers.kubernetes import Cluster

Right = tuple[str, str, str]  # API group, resource, verb
ACCESS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


def rights(group: str, resource: str, *verbs: str) -> set[Right]:
    return {(group, resource, verb) for verb in verbs}


WORKER = (
    rights("batch", "jobs", "create", "delete", "get", "list", "watch")
    | rights("", "pods", "get", "list", "watch")
    | rights("", "pods/log", "get")
    | rights("", "secrets", "create", "delete", "patch")
)
RECONCILER = (
    rights("batch", "jobs", "delete", "list")
    | rights("", "pods", "delete", "list")
    | rights("", "events", "list")
)
DRIVER = rights("", "pods", "create", "delete", "deletecollection", "get", "list", "watch")
# Account and where it lives, by where it acts. Who is not named here may do nothing.
MAY: dict[tuple[str, str, str], set[Right]] = {
    ("platform", "conductor-worker", "flows"): WORKER,
    ("platform", "conductor-reconciler", "flows"): RECONCILER,
    ("flows", "spark-driver", "flows"): DRIVER,
}
ACCOUNTS = {
    "platform": {
        *(
            "conductor-server",
            "conductor-worker",
            "conductor-setup",
            "conductor-reconciler",
            "conductor-relay",
            "conductor-audit",
        ),
        "default",
    },
    "flows": {"conductor-flow", "spark-driver", "spark-executor", "default"},
}


@pytest.fixture(scope="module")
def places(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Two namespaces with what the chart says about access, and a third with nothing."""
    with cluster.namespaces("platform", "flows", "elsewhere") as (platform, flows, elsewhere):
        done = template("--namespace", platform, "--set", f"flows.namespace={flows}", files=VALUES["default"])
        assert done.returncode == 0, done.stderr
        manifests = [each for each in YAML(typ="safe").load_all(done.stdout) if each]
        cluster.apply([each for each in manifests if each["kind"] in ACCESS])
        yield {"platform": platform, "flows": flows, "elsewhere": elsewhere}


def allowed(cluster: Cluster, account: str, namespace: str) -> set[Right]:
    """Ask the API server for all rights of an account in a namespace."""
    review = f'{{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {{"namespace": "{namespace}"}}}}'
    answer = cluster.read("create", "--validate=false", "--as", account, "-f", "-", given=review)
    assert not answer["status"]["incomplete"]
    found = set[Right]()
    for rule in answer["status"]["resourceRules"]:
        assert not rule.get("resourceNames")
        found |= set(product(rule["apiGroups"], rule["resources"], rule["verbs"]))
    return found


def test_each_account_may_do_what_is_listed_and_nothing_else(
    cluster: Cluster, places: dict[str, str]
) -> None:
    base = allowed(cluster, f"system:serviceaccount:{places['elsewhere']}:nobody", places["elsewhere"])
    for home, accounts in ACCOUNTS.items():
        for account, place in product(sorted(accounts), places):
            user = f"system:serviceaccount:{places[home]}:{account}"
            found = allowed(cluster, user, places[place]) - base
            assert found == MAY.get((home, account, place), set()), f"{home}/{account} in {place}"


def test_there_is_no_account_that_the_table_does_not_know(cluster: Cluster, places: dict[str, str]) -> None:
    for home, accounts in ACCOUNTS.items():
        there = cluster.read("get", "serviceaccounts", "-n", places[home])["items"]
        assert {each["metadata"]["name"] for each in there} == accounts


@pytest.mark.parametrize(
    ("account", "verb", "resource", "answer"),
    [
        ("conductor-worker", "create", "jobs.batch", "yes"),
        ("conductor-worker", "get", "secrets", "no"),
        ("conductor-worker", "list", "secrets", "no"),
        ("conductor-worker", "create", "pods/exec", "no"),
        ("conductor-reconciler", "delete", "pods", "yes"),
        ("conductor-reconciler", "create", "jobs.batch", "no"),
        ("conductor-server", "list", "pods", "no"),
    ],
)
def test_kubectl_says_the_same(
    cluster: Cluster, places: dict[str, str], account: str, verb: str, resource: str, answer: str
) -> None:
    user = f"system:serviceaccount:{places['platform']}:{account}"
    done = cluster.run("auth", "can-i", verb, resource, "--as", user, "-n", places["flows"], check=False)
    assert done.stdout.strip() == answer
