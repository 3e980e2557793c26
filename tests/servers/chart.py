"""What Helm makes of the chart, as plain objects. Needs no cluster."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "cloud-conductor"
VALUES: Mapping[str, tuple[Path, ...]] = {
    "default": (),
    "local": (CHART / "values-local.yaml",),
    "ha": (CHART / "values-ha.yaml",),
}
Manifest = Mapping[str, Any]


def program(name: str) -> str:
    """Give a program of the path; the test is skipped with the reason where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not in the path")
    return found


def template(*options: str, files: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    """Render the chart with values from files and `--set` options."""
    chosen = [option for file in files for option in ("--values", str(file))]
    command = [program("helm"), "template", "trial", str(CHART), "--namespace", "conductor"]
    command += ["--kube-version", "1.34.1", *chosen, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(name: str) -> list[Manifest]:
    """Give the manifests of one of the shipped values files."""
    done = template(files=VALUES[name])
    assert done.returncode == 0, done.stderr
    return [each for each in YAML(typ="safe").load_all(done.stdout) if each]


def of_kind(manifests: Sequence[Manifest], kind: str) -> list[Manifest]:
    """Give the manifests of a kind."""
    return [each for each in manifests if each["kind"] == kind]


def pods(manifests: Sequence[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Give every pod that the manifests lead to, with the kind and name of what makes it."""
    for each in manifests:
        name = f"{each['kind']}/{each['metadata']['name']}"
        match each["kind"]:
            case "Pod":
                yield name, each
            case "Deployment" | "StatefulSet" | "Job":
                yield name, each["spec"]["template"]
            case "CronJob":
                yield name, each["spec"]["jobTemplate"]["spec"]["template"]
            case _:
                pass


def containers(pod: Manifest) -> Iterator[Manifest]:
    """Give the containers of a pod, those that run before the others too."""
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]
