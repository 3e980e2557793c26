"""Prefect's server on a home of its own, as `conductor up` would start it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from pydantic import BaseModel

from conductor.cli.home import Home, free_port

PATIENCE = 180  # seconds until it answers; a new home takes half a minute on a busy machine


class PrefectServer(BaseModel):
    """A running server, and the environment in which Prefect's client sees it and nothing else."""

    url: str
    home: str
    pid: int
    started: float

    @property
    def environment(self) -> dict[str, str]:
        """Give the variables for a program that talks to this server."""
        return Home(Path(self.home)).prefect_environment(os.environ, self.url)


def start_prefect(url: str | None = None, home: str | None = None) -> PrefectServer:
    """Start a server and wait until it answers; at an address and on a home of before, if given."""
    place = Home(Path(home or tempfile.mkdtemp(prefix="prefect-"))).make()
    url = url or f"http://127.0.0.1:{free_port()}/api"
    port = url.split(":")[2].split("/")[0]
    log = (place.path / "logs" / "server.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port],
        env=place.prefect_environment(os.environ, url),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    server = PrefectServer(
        url=url, home=str(place.path), pid=process.pid, started=psutil.Process(process.pid).create_time()
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200:
                return server
        except httpx.HTTPError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError(
        f"Prefect's server did not start: {(place.path / 'logs' / 'server.log').read_text()[-2000:]}"
    )


def kill_prefect(server: PrefectServer) -> None:
    """End the server at once, as a lost machine would."""
    try:
        process = psutil.Process(server.pid)
        if process.create_time() == server.started:
            for child in process.children(recursive=True):
                child.kill()
            process.kill()
            process.wait(10)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        pass


def stop_prefect(server: PrefectServer) -> None:
    """End the server and remove its home."""
    kill_prefect(server)
    shutil.rmtree(server.home, ignore_errors=True)
