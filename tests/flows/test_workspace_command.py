"""`conductor workspace`: from a file to a block, at a real Prefect server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from servers.prefect import PrefectServer

FILE = """\
name: {name}
timezone: {timezone}
home: {home}
raw: {{path: {home}/store}}
lake: {{path: {home}/store}}
backup: {{path: {home}/backup}}
ledger_url: env:MY_LEDGER
accounting:
  url: http://127.0.0.1:9
  realm: "1"
  group_realm: "2"
  client_id: id
  client_secret: env:MY_SECRET
"""


def conductor(server: PrefectServer, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conductor.cli.main", *arguments],
        env={**server.environment, "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_file_becomes_a_workspace_that_commands_open_by_its_name(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    name = f"apply-{tmp_path.parent.name.lower().replace('_', '-')}"
    file = tmp_path / "workspace.yaml"

    def applied(timezone: str) -> str:
        file.write_text(FILE.format(name=name, timezone=timezone, home=tmp_path / "home"))
        done = conductor(prefect_server, "workspace", "apply", str(file))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert applied("UTC") == f"✓ workspace {name}: made"
    assert applied("UTC") == f"✓ workspace {name}: unchanged"
    assert applied("Asia/Tokyo") == f"✓ workspace {name}: changed in timezone"
    shown = conductor(prefect_server, "workspace", "show", name, "--json")
    fields = json.loads(shown.stdout)
    assert (fields["timezone"], fields["ledger_url"]) == ("Asia/Tokyo", "env:MY_LEDGER")
    ledger = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    status = conductor(
        prefect_server, "status", "--json", CONDUCTOR_WORKSPACE=name, MY_LEDGER=ledger, MY_SECRET="canary"
    )
    assert status.returncode == 0, status.stderr
    assert (tmp_path / "elsewhere.sqlite").exists()


def test_a_workspace_that_nobody_applied_is_said_plainly(prefect_server: PrefectServer) -> None:
    done = conductor(prefect_server, "workspace", "show", "nobodys")
    assert done.returncode == 1
    assert "there is no workspace 'nobodys'" in done.stderr
