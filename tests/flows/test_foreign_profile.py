"""A trial on the machine of someone who works with a Prefect server of a company: it neither calls there nor changes a setting."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROFILES = """\
active = "company"

[profiles.company]
PREFECT_API_URL = "{url}"
PREFECT_API_KEY = "a-key-of-the-company"
"""


@pytest.fixture
def company() -> Iterator[socket.socket]:
    """A server that answers nobody; whoever called it stands in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def nobody_called(listener: socket.socket) -> bool:
    """Say whether the queue is empty."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def demo(home: Path, person: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as this person, who has these variables set."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [
            *(sys.executable, "-m", "conductor.cli.main", "demo"),
            *("--home", str(home), "--receipts", "120", "--json"),
        ],
        cwd=ROOT,
        env=clean | {"HOME": str(person)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def files(folder: Path) -> dict[str, bytes]:
    """Give all files below a folder with their bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_demo_leaves_a_companys_server_and_profile_alone(tmp_path: Path, company: socket.socket) -> None:
    """First the profile alone names the server, then variables, which are stronger, do so, too."""
    url = f"http://127.0.0.1:{company.getsockname()[1]}/api"
    person = tmp_path / "person"
    (person / ".prefect").mkdir(parents=True)
    (person / ".prefect" / "profiles.toml").write_text(PROFILES.format(url=url))
    before = files(person / ".prefect")
    for variables in ({}, {"PREFECT_API_URL": url, "PREFECT_PROFILE": "company"}):
        done = demo(tmp_path / "home", person, **variables)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["state"] == "archived"
        assert files(person / ".prefect") == before
        assert nobody_called(company)


def test_a_call_of_the_companys_server_would_be_seen(company: socket.socket) -> None:
    socket.create_connection(company.getsockname()).close()
    assert not nobody_called(company)
