"""Checkov finds no weak setting in what the chart makes; what is left out stands in helm/checkov.yaml and in annotations, with reasons."""

from __future__ import annotations

import os
import re
import subprocess

from ruamel.yaml import YAML
from servers.chart import ROOT, program, rendered

CONFIGURATION = ROOT / "helm" / "checkov.yaml"


def test_checkov_is_clean() -> None:
    program("helm")
    # The make that runs the tests must not tell this one how to run.
    surroundings = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}
    }
    done = subprocess.run(
        ["make", "-s", "checkov"], cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Passed checks: (\d+), Failed checks: 0", done.stdout)
    assert found, done.stdout
    assert int(found[1]) > 1000


def test_every_exception_has_a_reason() -> None:
    lines = CONFIGURATION.read_text(encoding="utf-8").splitlines()
    left_out = [line for line in lines if line.strip().startswith("- CKV")]
    assert left_out
    assert all(re.fullmatch(r"  - CKV_K8S_\d+ # \S.{20,}", line) for line in left_out)
    assert len(left_out) == len(YAML(typ="safe").load(CONFIGURATION)["skip-check"])
    for manifest in rendered("ha"):
        for name, value in manifest["metadata"].get("annotations", {}).items():
            if name.startswith("checkov.io/"):
                assert re.fullmatch(r"CKV_K8S_\d+=\S.{8,}", value), manifest["metadata"]["name"]
