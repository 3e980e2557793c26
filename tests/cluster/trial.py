"""The trial of the how-to, installed by the page's own commands, once for all tests that want it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import uuid4

import pytest
from servers.chart import CHART, program
from servers.kubernetes import Cluster, need_image

from .how_to import Typed, blocks, typed

RELEASE, PLATFORM, FLOWS = "conductor", "conductor", "conductor-flows"
IMAGES = ("cloud-conductor:0.1.0", "cloud-conductor-trial:0.1.0")
INSTALL, DEPLOY, CARRY, PROVE, AWAY = (
    "2. Install",
    "3. Deploy the flows",
    "4. Carry a day",
    "5. Prove it",
    "6. Take it away",
)
KEPT = "CLUSTER_TRIAL_KEPT"
"""Variable that says, if set, that the trial is installed and deployed already, and stays: for who writes tests."""
INSTALL_SECONDS, DEPLOY_SECONDS, AWAY_SECONDS = 1500, 300, 300


@dataclass(frozen=True)
class Trial:
    """A release of the trial's values, with all flows deployed; `page` is the shell that typed the how-to's commands."""

    cluster: Cluster
    page: Typed
    platform: str = PLATFORM
    flows: str = FLOWS

    def helm(self, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run Helm on the release to its end."""
        command = [program("helm"), verb, RELEASE, *options, "--namespace", self.platform, "--timeout", "25m"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def chart(self) -> tuple[str, ...]:
        """Give the chart and what install and upgrade set."""
        return (str(CHART), "--values", str(CHART / "values-local.yaml"))

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

    @cached_property
    def auth(self) -> tuple[str, str]:
        """The API's credentials."""
        user, _, password = self.secrets(self.platform)["conductor-prefect"]["auth-string"].partition(":")
        return user, password

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `conductor` command on the trial's workspace, in the reconciler's pod."""
        place = ("exec", "-n", self.platform, "deployment/conductor-reconciler", "-c", "reconciler", "--")
        return self.cluster.run(*place, "conductor", *words, "--workspace", "trial", check=check)

    def answered(self, *words: str) -> Any:
        """Give what a `conductor` command says as JSON, whatever its exit code."""
        done = self.command(*words, "--json", check=False)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def audited(self, day: date | None = None) -> str:
        """Have the chart's audit look at a day, or at everything; give what it found wrong, which is nothing if all is well."""
        words = ["conductor", "audit", "--workspace", "trial", *(["--day", f"{day}"] if day else [])]
        well, log = self._as_audit(words)
        return "" if well else log

    def python(self, program: str, *arguments: str) -> str:
        """Run a program where the audit runs, which reaches all parts of a workspace; give the last line that it printed."""
        well, log = self._as_audit(["python", "-c", program, *arguments])
        assert well, log
        return log.splitlines()[-1]

    def _as_audit(self, command: list[str]) -> tuple[bool, str]:
        """Run a command in a pod like the audit's; say whether it ended well, and give its log."""
        name = f"audit-{uuid4().hex[:8]}"
        words = ("create", "job", name, "--from=cronjob/conductor-audit", "-n", self.platform)
        job = self.cluster.read(*words, "--dry-run=client")
        job["spec"]["template"]["spec"]["containers"][0]["args"] = command
        del job["metadata"]["ownerReferences"]  # of its own jobs the CronJob leaves but the last
        self.cluster.apply([job])
        ends = {"Complete", "Failed"}

        def ended() -> set[str]:
            status = self.cluster.read("get", "job", name, "-n", self.platform)["status"]
            return ends & {each["type"] for each in status.get("conditions", [])}

        self.cluster.until("it has ended", ended, 600)
        log = self.cluster.run("logs", f"job/{name}", "-n", self.platform, check=False).stdout
        return ended() == {"Complete"}, log

    def ledger(self, query: str) -> list[str]:
        """Give the rows that a query finds in the ledger, as PostgreSQL writes them; far quicker than a command."""
        login = "export PGPASSWORD=$(cat /etc/conductor/secret/password)"
        psql = f'{login}; exec psql -h 127.0.0.1 -U postgres -d ledger -Atc "$0"'
        words = ("exec", "-n", self.platform, "conductor-postgresql-0", "--", "sh", "-c", psql, query)
        return self.cluster.run(*words).stdout.splitlines()


@contextmanager
def installed(cluster: Cluster) -> Generator[Trial]:
    """Type what the how-to says as far as the deployed flows and, at the end, what takes it all away again."""
    need_image(cluster, *IMAGES)
    if os.environ.get(KEPT):
        with typed() as page:
            yield Trial(cluster, page)
        return
    if cluster.run("get", "namespace", PLATFORM, check=False).returncode == 0:
        pytest.fail(f"the cluster has a namespace {PLATFORM}, which these tests would take away")
    said = blocks()
    with typed() as page:
        try:
            page.run(said[INSTALL], INSTALL_SECONDS)
            page.run(said[DEPLOY], DEPLOY_SECONDS)
            yield Trial(cluster, page)
        except AssertionError as error:
            error.add_note(state(cluster))
            raise
        finally:
            with typed() as another:
                another.run(said[AWAY], AWAY_SECONDS)


def state(cluster: Cluster) -> str:
    """Give what a person would look at when an install failed."""
    pods = cluster.run("get", "pods", "-n", PLATFORM, check=False).stdout
    log = cluster.run("logs", "-n", PLATFORM, "job/conductor-setup", "--tail=20", check=False)
    return f"\n{pods}\n{log.stdout}{log.stderr}"
