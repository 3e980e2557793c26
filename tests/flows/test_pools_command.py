"""`conductor pools apply` on a real Prefect server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from servers.prefect import PrefectServer


def template(memory: str) -> dict[str, Any]:
    return {
        "job_configuration": {"memory": "{{ memory }}"},
        "variables": {"type": "object", "properties": {"memory": {"type": "string", "default": memory}}},
    }


def conductor(server: PrefectServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conductor.cli.main", *arguments]
    return subprocess.run(command, env=server.environment, capture_output=True, text=True, check=False)


def test_pools_are_made_and_brought_up_to_date_and_stay_paused_and_limited(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    pool = f"pool-{uuid4().hex[:8]}"
    address = f"{prefect_server.url}/work_pools/{pool}"
    file = tmp_path / f"{pool}.json"
    file.write_text(json.dumps(template("1Gi")), encoding="utf-8")
    made = conductor(prefect_server, "pools", "apply", str(tmp_path))
    assert made.returncode == 0, made.stderr
    first = httpx.get(address, timeout=30, trust_env=False).json()
    assert first["type"] == "kubernetes"
    assert first["base_job_template"]["variables"]["properties"]["memory"]["default"] == "1Gi"

    httpx.patch(
        address, json={"is_paused": True, "concurrency_limit": 3}, timeout=30, trust_env=False
    ).raise_for_status()
    file.write_text(json.dumps(template("2Gi")), encoding="utf-8")
    again = conductor(prefect_server, "pools", "apply", str(tmp_path))
    assert again.returncode == 0, again.stderr
    assert f"{pool}: brought up to date" in again.stdout
    second = httpx.get(address, timeout=30, trust_env=False).json()
    assert second["id"] == first["id"]
    assert second["base_job_template"]["variables"]["properties"]["memory"]["default"] == "2Gi"
    assert (second["is_paused"], second["concurrency_limit"]) == (True, 3)


def test_a_pool_is_of_the_type_that_its_file_names_and_stays_so(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    pool = f"pool-{uuid4().hex[:8]}"
    file = tmp_path / f"{pool}.json"
    file.write_text(json.dumps({"type": "spark-service", **template("1Gi")}), encoding="utf-8")
    for _ in range(2):
        done = conductor(prefect_server, "pools", "apply", str(tmp_path))
        assert done.returncode == 0, done.stderr
    made = httpx.get(f"{prefect_server.url}/work_pools/{pool}", timeout=30, trust_env=False).json()
    assert (made["type"], made["base_job_template"]) == ("spark-service", template("1Gi"))

    file.write_text(json.dumps(template("1Gi")), encoding="utf-8")
    refused = conductor(prefect_server, "pools", "apply", str(tmp_path))
    assert refused.returncode == 1
    said = " ".join(refused.stderr.split())
    assert f"work pool {pool} is of type spark-service and cannot become one of type kubernetes" in said
    assert f"prefect work-pool delete {pool}" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ('{"variables": {}}', "is no base job template"),
        (None, "holds no base job template"),
    ],
)
def test_what_is_no_template_is_refused_before_the_server_is_asked(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    if text is not None:
        (tmp_path / "polars.json").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "conductor.cli.main", "pools", "apply", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())
