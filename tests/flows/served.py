"""`conductor up` as a person starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Up:
    """A running `conductor up` and the addresses that it printed."""

    process: subprocess.Popen[str]
    addresses: dict[str, str]


def command(home: Path, *more: str) -> list[str]:
    """Give the command line of `conductor up` on a home."""
    return [sys.executable, "-m", "conductor.cli.main", "up", "--home", str(home), "--receipts", "120", *more]


@contextmanager
def up(home: Path) -> Generator[Up]:
    """Serve a home for the body, then end as at Ctrl-C; its addresses come when all of it answers."""
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command(home, "--port", "0", "--json"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                lines.append(process.stdout.readline())
                if not lines[-1]:
                    complaints.seek(0)
                    pytest.fail(f"`conductor up` ended: {complaints.read()}")
            yield Up(process, json.loads("".join(lines)))
        finally:
            process.send_signal(signal.SIGINT)
            if code := process.wait(timeout=60):
                complaints.seek(0)
                pytest.fail(f"`conductor up` ended with code {code}: {complaints.read()}")
