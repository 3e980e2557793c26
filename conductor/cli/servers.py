"""The servers of an embedded workspace: Prefect's own and the accounting sandbox, found running or started for the time being."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from conductor.cli.home import Home, Running, free_port
from conductor.errors import RetryLater

START_SECONDS = 180


@contextmanager
def prefect_server(home: Home, port: int | None = None, *, shared: bool = False) -> Generator[str]:
    """Give the address of a Prefect API for this home: the one that `conductor up` serves, or one for the body.

    A `shared` one is found by others who use this home meanwhile.
    """
    if found := home.running("prefect", "/health"):
        yield found.url
        return
    url = f"http://127.0.0.1:{port or free_port()}/api"
    command = [
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        url.split(":")[2].split("/")[0],
    ]
    environment = home.prefect_environment(os.environ, url)
    with serving(command, environment, home.path / "logs" / "prefect-server.log") as process:
        _wait_until_answering(
            "Prefect's server", url + "/health", process, home.path / "logs" / "prefect-server.log"
        )
        with _listed(home, "prefect", Running(url, process.pid), shared):
            yield url


@contextmanager
def accounting_sandbox(
    home: Home, receipts_per_day: int | None = None, port: int | None = None, *, shared: bool = False
) -> Generator[str]:
    """Give the address of an accounting sandbox for this home: the one that `conductor up` serves, or one for the body."""
    if found := home.running("sandbox", "/"):
        yield found.url
        return
    url = f"http://127.0.0.1:{port or free_port()}"
    command = [
        *("-m", "sandbox", "quickbooks", "--port", url.rsplit(":", 1)[1]),
        *("--home", str(home.path / "sandbox"), "--receipts", str(home.receipts_per_day(receipts_per_day))),
    ]
    with serving(command, os.environ, home.path / "logs" / "sandbox.log") as process:
        _wait_until_answering(
            "the accounting sandbox", url + "/", process, home.path / "logs" / "sandbox.log"
        )
        with _listed(home, "sandbox", Running(url, process.pid), shared):
            yield url


@contextmanager
def _listed(home: Home, name: str, running: Running, shared: bool) -> Generator[None]:
    if not shared:
        yield
        return
    home.note_running(name, running)
    try:
        yield
    finally:
        home.forget_running(name)


@contextmanager
def serving(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Generator[subprocess.Popen[bytes]]:
    """Run a Python program for the time of the body; it ends with us whatever ends us."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "conductor.cli.child", sys.executable, *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_answering(name: str, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for a working call, not for a port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RetryLater(f"{name} ended with code {process.returncode} before it answered; see {log}")
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code < 500:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RetryLater(f"{name} did not answer within {START_SECONDS} seconds; see {log}")
