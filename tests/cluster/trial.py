"""A trial that is installed for a test run."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from servers.chart import CHART, program
from servers.kubernetes import Cluster, need_image

TAG = "test"


@dataclass(frozen=True)
class Trial:
    """A release of the trial's values, in namespaces of its own."""

    cluster: Cluster
    platform: str
    flows: str

    def helm(self, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run Helm on the release to its end."""
        command = [program("helm"), verb, "trial", *options, "--namespace", self.platform, "--timeout", "25m"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def chart(self) -> tuple[str, ...]:
        """Give the chart and what install and upgrade set."""
        values = {
            "global.prefect.image.prefectTag": TAG,
            "trial.image.tag": TAG,
            "flows.namespace": self.flows,
        }
        sets = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        return (str(CHART), "--values", str(CHART / "values-local.yaml"), *sets)

    def secrets(self, namespace: str) -> Mapping[str, Mapping[str, str]]:
        """Give the Secrets that the chart made, in clear."""
        listed = self.cluster.read(
            "get", "secrets", "-n", namespace, "-l", "app.kubernetes.io/component=trial"
        )
        return {
            each["metadata"]["name"]: {
                key: base64.b64decode(value).decode() for key, value in each["data"].items()
            }
            for each in listed["items"]
        }

    @property
    def auth(self) -> tuple[str, str]:
        """The API's credentials."""
        user, _, password = self.secrets(self.platform)["conductor-prefect"]["auth-string"].partition(":")
        return user, password


@contextmanager
def installed(cluster: Cluster) -> Generator[Trial]:
    """Install the trial; it goes with its namespaces."""
    need_image(cluster, f"cloud-conductor:{TAG}", f"cloud-conductor-trial:{TAG}")
    with cluster.namespaces("platform", "flows") as (platform, flows):
        trial = Trial(cluster, platform, flows)
        done = trial.helm("install", *trial.chart())
        assert done.returncode == 0, done.stderr + state(trial)
        try:
            yield trial
        finally:
            trial.helm("uninstall")


def state(trial: Trial) -> str:
    """Give what a person would look at when an install failed."""
    pods = trial.cluster.run("get", "pods", "-n", trial.platform, check=False).stdout
    log = trial.cluster.run("logs", "-n", trial.platform, "job/conductor-setup", "--tail=20", check=False)
    return f"\n{pods}\n{log.stdout}{log.stderr}"
