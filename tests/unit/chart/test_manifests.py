"""What the chart makes of the values files that come with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from decimal import Decimal

import pytest
from ruamel.yaml import YAML
from servers.chart import VALUES, Manifest, containers, of_kind, pods, program, rendered, template

UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
SECRET_VARIABLES = {
    "PREFECT_API_AUTH_STRING",
    "PREFECT_SERVER_API_AUTH_STRING",
    "PREFECT_SERVER_ENCRYPTION_KEY",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL",
    "PREFECT_REDIS_MESSAGING_URL",
    "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL",
    "PREFECT_SERVER_DOCKET_URL",
}


@pytest.fixture(params=VALUES, name="manifests")
def _manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(request.param)


@pytest.mark.parametrize("values", VALUES)
def test_manifests_are_what_the_api_server_knows(values: str) -> None:
    schemas = os.environ.get("KUBECONFORM_SCHEMAS")
    if not schemas:
        pytest.skip("KUBECONFORM_SCHEMAS does not say where the schemas of Kubernetes are")
    # What operators bring along is not among them.
    foreign = "ServiceMonitor,ExternalSecret,SecretStore"
    command = [program("kubeconform"), "-strict", "-schema-location", schemas, "-skip", foreign, "-summary"]
    text = template(files=VALUES[values]).stdout
    done = subprocess.run(
        [*command, "-output", "json"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    summary = json.loads(done.stdout)["summary"]
    assert summary["valid"] > 30
    assert summary["invalid"] == summary["errors"] == 0


def test_every_pod_passes_pod_security_restricted(manifests: list[Manifest]) -> None:
    found = list(pods(manifests))
    assert len(found) >= 8
    for name, pod in found:
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"], name
        assert security["runAsUser"] == 10001, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not [volume for volume in pod["spec"].get("volumes", []) if "hostPath" in volume], name
        for container in containers(pod):
            inner = container["securityContext"]
            assert inner["allowPrivilegeEscalation"] is False, name
            assert inner["readOnlyRootFilesystem"] is True, name
            assert inner["capabilities"] == {"drop": ["ALL"]}, name


@pytest.mark.parametrize(
    ("values", "pools"),
    [
        ("default", {"polars", "spark", "platform"}),
        ("local", {"polars", "spark", "platform"}),
        ("ha", {"polars", "platform"}),  # there Spark's jobs go to a service
    ],
)
def test_only_who_calls_kubernetes_gets_a_token(values: str, pools: set[str]) -> None:
    with_token = {name for name, pod in pods(rendered(values)) if pod["spec"]["automountServiceAccountToken"]}
    workers = {f"Deployment/conductor-worker-{pool}" for pool in pools}
    assert with_token - {"Deployment/conductor-reconciler"} == workers


def test_a_pool_whose_jobs_go_to_a_service_has_its_template_a_worker_and_a_way_out() -> None:
    manifests = rendered("ha")
    named = {(each["kind"], each["metadata"]["name"]): each for each in manifests}
    template = json.loads(named["ConfigMap", "conductor-pools"]["data"]["spark.json"])
    properties = template["variables"]["properties"]
    assert template["type"] == "spark-service"
    assert properties["service"]["default"]["service"] == "emr-serverless"
    assert properties["env"]["default"]["CONDUCTOR_SPARK_MASTER"] == "given"  # what the values say is added
    assert properties["env"]["default"]["PREFECT_API_URL"] == "https://conductor.example.com/api"
    assert "namespace" not in properties
    [container] = named["Deployment", "conductor-worker-spark"]["spec"]["template"]["spec"]["containers"]
    arguments = container["args"]
    assert arguments[arguments.index("--type") + 1] == "spark-service"
    policies = [each for each in of_kind(manifests, "NetworkPolicy") if "worker-" in each["metadata"]["name"]]
    assert [(each["metadata"]["name"], each["spec"]["egress"]) for each in policies] == [
        ("conductor-worker-spark", [{"ports": [{"port": 443, "protocol": "TCP"}]}])
    ]


def test_a_variable_of_one_pools_worker_is_no_others() -> None:
    token = "name=DATABRICKS_TOKEN,workPools.spark.env[0].valueFrom.secretKeyRef.name=databricks"
    key = "workPools.spark.env[0].valueFrom.secretKeyRef.key=token"
    done = template("--set", f"workPools.spark.env[0].{token},{key}")
    manifests = [each for each in YAML(typ="safe").load_all(done.stdout) if each]
    having = [
        name
        for name, pod in pods(manifests)
        for container in containers(pod)
        if "DATABRICKS_TOKEN" in {each["name"] for each in container.get("env") or []}
    ]
    assert having == ["Deployment/conductor-worker-spark"]


def test_credentials_come_from_secrets_alone(manifests: list[Manifest]) -> None:
    seen = set[str]()
    for name, pod in pods(manifests):
        for container in containers(pod):
            for variable in container.get("env") or []:
                if variable["name"] in SECRET_VARIABLES:
                    seen.add(variable["name"])
                    assert "secretKeyRef" in variable["valueFrom"], name
                assert "://" not in variable.get("value", "") or "@" not in variable["value"], name
    assert seen == SECRET_VARIABLES


@pytest.mark.parametrize("values", ["default", "ha"])
def test_outside_of_a_trial_the_chart_makes_no_secret(values: str) -> None:
    assert not of_kind(rendered(values), "Secret")


def test_what_the_trial_makes_up_stands_in_its_secrets_alone() -> None:
    manifests = rendered("local")
    made = [each for each in of_kind(manifests, "Secret") if each["metadata"]["name"] == "conductor-trial"]
    assert len(made) == 1
    values = set(made[0]["data"].values())
    assert len(values) == 12
    rest = json.dumps([each for each in manifests if each["kind"] != "Secret"])
    plain = subprocess.run(
        ["base64", "-d"], input="".join(values), capture_output=True, text=True, check=True
    ).stdout
    assert not [each for each in re.findall(r".{32}", plain) if each in rest]


@pytest.mark.parametrize("part", ["conductor-server", "conductor-services"])
def test_the_server_is_set_up_for_more_than_one_process(part: str) -> None:
    [deployment] = [
        each for each in of_kind(rendered("default"), "Deployment") if each["metadata"]["name"] == part
    ]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    assert (
        told.items()
        >= {
            "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
            "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
            "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
            "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
            "PREFECT_REDIS_MESSAGING_PUBLISHER_BATCH_SIZE": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_UI_STATIC_DIRECTORY": "/prefect/ui",
        }.items()
    )
    assert told.keys() >= SECRET_VARIABLES - {"PREFECT_API_AUTH_STRING"}


def test_the_api_runs_twice_without_services_and_the_services_once() -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in of_kind(rendered("default"), "Deployment")}
    api, services = found["conductor-server"], found["conductor-services"]
    assert api["replicas"] == 2
    assert "--no-services" in api["template"]["spec"]["containers"][0]["args"]
    assert services["replicas"] == 1
    assert services["strategy"] == {"type": "Recreate"}
    budgets = {each["metadata"]["name"] for each in of_kind(rendered("default"), "PodDisruptionBudget")}
    workers = {f"conductor-worker-{pool}" for pool in ("polars", "spark", "platform")}
    assert budgets == {"conductor-server"} | workers


def test_tables_are_brought_up_to_date_before_anything_else_is_touched() -> None:
    [job] = [
        each
        for each in of_kind(rendered("default"), "Job")
        if each["metadata"]["name"] == "conductor-migrations"
    ]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_workers_keep_credentials_out_of_jobs_and_watch_one_namespace() -> None:
    workers = [name for name, _ in pods(rendered("default")) if "worker" in name]
    assert len(workers) == 3
    for name, pod in pods(rendered("default")):
        if name in workers:
            told = {each["name"]: each.get("value") for each in pod["spec"]["containers"][0]["env"]}
            prefix = "PREFECT_INTEGRATIONS_KUBERNETES_"
            assert told[prefix + "WORKER_STORE_ENV_AS_SECRET"] == "true"
            assert told[prefix + "WORKER_API_AUTH_STRING_SECRET_NAME"] == "conductor-prefect"
            assert told[prefix + "WORKER_API_AUTH_STRING_SECRET_KEY"] == "auth-string"
            assert told[prefix + "OBSERVER_NAMESPACES"] == "conductor-flows"
            assert "livenessProbe" in pod["spec"]["containers"][0]


def test_values_change_the_defaults_of_a_base_job_template_and_nothing_else_of_it() -> None:
    [pools] = [
        each
        for each in of_kind(rendered("local"), "ConfigMap")
        if each["metadata"]["name"] == "conductor-pools"
    ]
    assert set(pools["data"]) == {"polars.json", "spark.json", "platform.json"}
    shipped = json.loads((VALUES["local"][0].parent / "files/pools/polars.json").read_text(encoding="utf-8"))
    applied = json.loads(pools["data"]["polars.json"])
    properties = applied["variables"]["properties"]
    assert properties["cpu_request"]["default"] == "200m"
    assert properties["image"]["default"] == "cloud-conductor:0.1.0"
    for name in ("cpu_request", "image", "namespace"):
        shipped["variables"]["properties"][name]["default"] = properties[name]["default"]
    assert applied == shipped


def test_spark_gets_the_image_with_java() -> None:
    [pools] = [
        each
        for each in of_kind(rendered("default"), "ConfigMap")
        if each["metadata"]["name"] == "conductor-pools"
    ]
    properties = json.loads(pools["data"]["spark.json"])["variables"]["properties"]
    assert properties["image"]["default"] == "cloud-conductor-spark:0.1.0"


def test_a_trial_asks_for_little() -> None:
    """Everything that may run at the same time beside the flows: the set-up and the jobs on a schedule too."""
    manifests = rendered("local")
    cpu, limits = Decimal(0), 0
    for kind_and_name, pod in pods(manifests):
        if kind_and_name.startswith("Pod/"):
            continue  # `helm test` is asked for by a person
        replicas = next(
            each["spec"].get("replicas", 1)
            for each in manifests
            if f"{each['kind']}/{each['metadata']['name']}" == kind_and_name
        )
        cpu += replicas * most(pod, lambda each: cores(each["resources"]["requests"]["cpu"]))
        limits += replicas * int(most(pod, lambda each: size(each["resources"]["requests"]["memory"])))
    assert cpu <= Decimal("1.5")
    assert limits <= 6 * UNITS["Gi"]


def most(pod: Manifest, of: object) -> Decimal:
    """Give what a pod is scheduled by: the sum of its containers, or its largest container that runs before them."""
    assert callable(of)
    before = [Decimal(of(each)) for each in pod["spec"].get("initContainers", [])]
    return max([sum((Decimal(of(each)) for each in pod["spec"]["containers"]), Decimal(0)), *before])


def cores(text: str | int) -> Decimal:
    return Decimal(text[:-1]) / 1000 if isinstance(text, str) and text.endswith("m") else Decimal(text)


def size(text: str) -> int:
    return int(text[:-2]) * UNITS[text[-2:]]


def test_external_secrets_make_every_secret_that_pods_ask_for() -> None:
    manifests = rendered("ha")
    made: dict[tuple[str, str], set[str]] = {}
    for each in of_kind(manifests, "ExternalSecret"):
        place = each["metadata"]["namespace"], each["spec"]["target"]["name"]
        made[place] = {entry["secretKey"] for entry in each["spec"]["data"]}
    for _, pod in pods(manifests):
        for container in containers(pod):
            for variable in container.get("env", []):
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    assert reference["key"] in made["conductor", reference["name"]]
            for source in container.get("envFrom", []):
                assert ("conductor", source["secretRef"]["name"]) in made
    assert made["conductor-flows", "conductor-prefect"] == {"auth-string"}
    assert "CONDUCTOR_TOKEN_KEY" in made["conductor-flows", "conductor-workspace"]


@pytest.mark.parametrize(
    ("provider", "options", "expected"),
    [
        ("aws", {"aws.region": "eu-central-1"}, {"aws"}),
        ("gcp", {"gcp.projectID": "p", "gcp.clusterLocation": "l", "gcp.clusterName": "c"}, {"gcpsm"}),
        ("azure", {"azure.vaultUrl": "https://v.vault.azure.net"}, {"azurekv"}),
    ],
)
def test_secrets_come_from_each_cloud(provider: str, options: Mapping[str, str], expected: set[str]) -> None:
    chosen = {"enabled": "true", "provider": provider, **options}
    sets = [option for key, value in chosen.items() for option in ("--set", f"externalSecrets.{key}={value}")]
    done = template(*sets)
    assert done.returncode == 0, done.stderr
    stores = of_kind([each for each in YAML(typ="safe").load_all(done.stdout) if each], "SecretStore")
    assert {each["metadata"]["namespace"] for each in stores} == {"conductor", "conductor-flows"}
    for store in stores:
        assert store["spec"]["provider"].keys() == expected


def test_the_auth_proxy_takes_the_place_of_the_api_behind_the_ingress() -> None:
    [ingress] = of_kind(rendered("ha"), "Ingress")
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "oauth2-proxy", "port": {"number": 4180}}
    assert ingress["spec"]["tls"][0]["secretName"] == "conductor-tls"


def test_metrics_are_read_with_credentials() -> None:
    [monitor] = of_kind(rendered("ha"), "ServiceMonitor")
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/api/metrics"
    assert endpoint["basicAuth"]["password"] == {"name": "conductor-metrics", "key": "password"}


def test_the_event_gateway_may_call_the_api_and_nothing_else() -> None:
    gateway = "event-gateway"
    allowing = [
        each["metadata"]["name"] for each in of_kind(rendered("ha"), "NetworkPolicy") if gateway in str(each)
    ]
    assert allowing == ["conductor-server"]


def test_all_buckets_of_the_trial_are_made() -> None:
    """They are one word of the command: a list in the flow style would have cut it at its commas."""
    (setup,) = [
        each for each in of_kind(rendered("local"), "Job") if each["metadata"]["name"] == "conductor-setup"
    ]
    (buckets,) = setup["spec"]["template"]["spec"]["initContainers"]
    assert buckets["args"][2:] == ["conductor-raw,conductor-lake,conductor-backup"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), "/api"),
        (("--set", "server.uiConfig.prefectUiApiUrl=https://example.com/api"), "https://example.com/api"),
    ],
)
def test_the_ui_asks_the_api_under_the_address_that_it_came_from_or_where_it_is_told(
    options: tuple[str, ...], wanted: str
) -> None:
    """Prefect's own default is the browser's machine."""
    made = [each for each in YAML(typ="safe").load_all(template(*options).stdout) if each]
    (server,) = [pod for name, pod in pods(made) if name == "Deployment/conductor-server"]
    (container,) = server["spec"]["containers"]
    (found,) = [each["value"] for each in container["env"] if each["name"] == "PREFECT_UI_API_URL"]
    assert found == wanted
