from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[3]


@contextmanager
def running(home: Path, *options: str) -> Iterator[dict[str, Any]]:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "quickbooks",
        "--home",
        str(home),
        "--receipts",
        "0",
        *options,
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
        process.stdout.close()


def test_the_process_says_where_it_listens_and_keeps_its_credentials_and_consents(tmp_path: Path) -> None:
    with running(tmp_path, "--day", "2026-11-20=3") as first:
        control = {"X-Control-Token": first["control_token"]}
        realm = first["realms"]["shop"]
        truth = httpx.get(f"{first['url']}/control/truth?day=2026-11-20", headers=control)
        assert truth.json()["receipts"] == 3
        tokens = httpx.post(f"{first['url']}/control/consent", json={"realm": realm}, headers=control).json()
    with running(tmp_path) as second:
        assert second["client_secret"] == first["client_secret"]
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        address = f"{second['url']}/oauth2/v1/tokens/bearer"
        auth = (second["client_id"], second["client_secret"])
        assert httpx.post(address, data=form, auth=auth).status_code == 200
    credentials = tmp_path / "quickbooks-credentials.json"
    assert credentials.stat().st_mode & 0o077 == 0


def test_beyond_loopback_credentials_are_kept_but_not_printed(tmp_path: Path) -> None:
    with running(tmp_path, "--host", "0.0.0.0") as ready:  # noqa: S104 - that is the case
        kept = json.loads((tmp_path / "quickbooks-credentials.json").read_text())
        assert not [each for each in kept.values() if each in json.dumps(ready)]
        control = {"X-Control-Token": kept["control_token"]}
        realm = ready["realms"]["shop"]
        consent = httpx.post(f"{ready['url']}/control/consent", json={"realm": realm}, headers=control)
        assert consent.status_code == 200


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    modules = list((ROOT / "sandbox").rglob("*.py"))
    assert len(modules) > 20
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} imports relatively"
                names = [node.module or ""]
            roots = {name.partition(".")[0] for name in names}
            assert roots.isdisjoint({"conductor", "flows", "blocks", "prefect"}), module
