"""Who may connect to whom, judged by real connections between pods that bear the labels of the real ones.

A pod for each part listens at all ports there are. From each one, every port of every other is tried: what stands in NEEDED has to
connect, all else may not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from ruamel.yaml import YAML
from servers.chart import VALUES, template
from servers.kubernetes import PYTHON, Cluster, need_image, python_pod

API, DATABASE, REDIS, S3, ACCOUNTING, DRIVER, BLOCKS, HEALTH = 4200, 5432, 6379, 8333, 8400, 7078, 7079, 8080
PORTS = (API, DATABASE, REDIS, S3, ACCOUNTING, DRIVER, BLOCKS, HEALTH)

LISTEN = """
import selectors, socket, sys
box = selectors.DefaultSelector()
for port in map(int, sys.argv[1].split(",")):
    box.register(socket.create_server(("0.0.0.0", port), backlog=64), selectors.EVENT_READ)
print("listening", flush=True)
while True:
    for key, _ in box.select():
        key.fileobj.accept()[0].close()
"""
TRY = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def connects(target):
    try:
        socket.create_connection(tuple(target), timeout=3).close()
        return True
    except OSError:
        return False
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as threads:
    print(json.dumps(list(threads.map(connects, targets))))
"""


def component(name: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "cloud-conductor",
        "app.kubernetes.io/instance": "trial",
        "app.kubernetes.io/component": name,
    }


PLATFORM: Mapping[str, Mapping[str, str]] = {
    **{
        name: component(name)
        for name in ("server", "services", "setup", "reconciler", "relay", "audit", "test")
    },
    "worker": component("worker-polars") | {"conductor/role": "worker"},
    **{name: component(name) for name in ("postgresql", "redis", "s3", "accounting")},
    "stranger": {"app": "stranger"},
}
FLOWS: Mapping[str, Mapping[str, str]] = {
    "flow": {"prefect.io/flow-run-id": "1", "prefect.io/work-pool-name": "polars"},
    "platform-flow": {"prefect.io/flow-run-id": "2", "prefect.io/work-pool-name": "platform"},
    "driver": {"prefect.io/flow-run-id": "3", "prefect.io/work-pool-name": "spark"},
    "executor": {"spark-role": "executor"},
    "other-executor": {"spark-role": "executor"},
    "intruder": {"app": "intruder"},
}
RUNS = ("flow", "platform-flow", "driver")
NEEDED = {
    *product(
        ("worker", "services", "setup", "reconciler", "relay", "audit", "test", *RUNS), ["server"], [API]
    ),
    *product(
        ("server", "services", "setup", "reconciler", "relay", "audit", *RUNS), ["postgresql"], [DATABASE]
    ),
    *product(("server", "services"), ["redis"], [REDIS]),
    *product(("setup", "reconciler", "relay", "audit", *RUNS, "executor", "other-executor"), ["s3"], [S3]),
    *product(("setup", "audit", *RUNS), ["accounting"], [ACCOUNTING]),
    *product(("executor", "other-executor"), ["driver"], [DRIVER, BLOCKS]),
    *product(("driver", "other-executor"), ["executor"], [BLOCKS]),
    *product(("driver", "executor"), ["other-executor"], [BLOCKS]),
}
# In a trial the services wait until the API answers; otherwise they have nothing to ask it.
CALLS_KUBERNETES = {"worker", "reconciler", "driver"}
SAYS_NOTHING = {"postgresql", "redis", "s3", "accounting", "stranger", "intruder"}


@pytest.fixture(scope="module")
def addresses(cluster: Cluster) -> Iterator[dict[str, tuple[str, str]]]:
    """Namespace and address of each pod, with the chart's policies for a trial in force."""
    need_image(cluster, PYTHON)
    with cluster.namespaces("platform", "flows") as (platform, flows):
        done = template("--namespace", platform, "--set", f"flows.namespace={flows}", files=VALUES["local"])
        assert done.returncode == 0, done.stderr
        manifests = [each for each in YAML(typ="safe").load_all(done.stdout) if each]
        cluster.apply([each for each in manifests if each["kind"] == "NetworkPolicy"])
        ports = ",".join(map(str, PORTS))
        wanted = [(platform, name, labels) for name, labels in PLATFORM.items()]
        wanted += [(flows, name, labels) for name, labels in FLOWS.items()]
        cluster.apply([python_pod(name, place, labels, LISTEN, ports) for place, name, labels in wanted])
        for place in (platform, flows):
            cluster.run("wait", "pod", "--all", "--for=condition=Ready", "-n", place, "--timeout=240s")
        found = {}
        for place in (platform, flows):
            for pod in cluster.read("get", "pods", "-n", place)["items"]:
                found[pod["metadata"]["name"]] = (place, pod["status"]["podIP"])
        yield found


def tried(cluster: Cluster, place: str, name: str, targets: list[tuple[str, int]]) -> list[bool]:
    """Give which targets a pod can connect to."""
    done = cluster.run("exec", "-n", place, name, "--", "python3", "-c", TRY, json.dumps(targets))
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", [*PLATFORM, *FLOWS])
def test_a_part_reaches_what_it_needs_and_nothing_else(
    cluster: Cluster, addresses: dict[str, tuple[str, str]], name: str
) -> None:
    others = [(other, port) for other, port in product(addresses, PORTS) if other != name]
    answers = tried(
        cluster, addresses[name][0], name, [(addresses[other][1], port) for other, port in others]
    )
    reached = {target for target, answer in zip(others, answers, strict=True) if answer}
    assert reached == {(other, port) for source, other, port in NEEDED if source == name}


@pytest.mark.parametrize("name", [*PLATFORM, *FLOWS])
def test_only_who_manages_jobs_and_pods_reaches_the_api_server_of_the_cluster(
    cluster: Cluster, addresses: dict[str, tuple[str, str]], name: str
) -> None:
    service = cluster.read("get", "service", "kubernetes", "-n", "default")["spec"]
    target = (service["clusterIP"], service["ports"][0]["port"])
    assert tried(cluster, addresses[name][0], name, [target]) == [name in CALLS_KUBERNETES]


@pytest.mark.parametrize("name", [*PLATFORM, *FLOWS])
def test_names_are_resolved_for_who_calls_anybody(
    cluster: Cluster, addresses: dict[str, tuple[str, str]], name: str
) -> None:
    service = cluster.read("get", "service", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
    assert tried(cluster, addresses[name][0], name, [(service, 53)]) == [name not in SAYS_NOTHING]
