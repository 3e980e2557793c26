"""The home of the embedded workspace, and an environment in which Prefect sees nothing but that home."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from conductor.errors import FixTheConfiguration, StopAndCall

EMBEDDED = "embedded"
RECEIPTS_PER_DAY = 5_000


@dataclass(frozen=True)
class Running:
    """A server that serves this home: its address and process id."""

    url: str
    pid: int


@dataclass(frozen=True)
class SandboxCredentials:
    """The sandbox's app and the key to its controls; good for that sandbox alone."""

    client_id: str
    client_secret: str
    control_token: str


class Home:
    """The folder that holds all of an embedded workspace.

    `store/` zones, `backup/` second place, `warehouse.duckdb` and `warehouse.read.duckdb`, `ledger.sqlite`, `docs/` pages, `logs/`,
    `prefect/` Prefect's own home, `secrets/` tokens and keys (0700), `run/` what serves this home now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def make(self) -> Home:
        """Create the folders, private to the user. Repeats: nothing changes."""
        try:
            for name in ("", "docs", "logs", "prefect", "run", "secrets"):
                (self.path / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        except (FileExistsError, NotADirectoryError):
            raise FixTheConfiguration(
                f"{self.path} is in the way: a home is a folder",
                next_command="choose another folder with --home",
            ) from None
        except PermissionError:
            raise FixTheConfiguration(
                f"{self.path} cannot be written by this user",
                next_command="choose another folder with --home",
            ) from None
        except OSError as error:
            raise StopAndCall(f"{self.path} cannot be made: {error.strerror}") from None
        return self

    def sandbox_credentials(self) -> SandboxCredentials:
        """Give what the accounting sandbox of this home asks its clients for; it invents them at its first start."""
        file = self.path / "sandbox" / "quickbooks-credentials.json"
        return SandboxCredentials(**json.loads(file.read_text(encoding="utf-8")))

    def receipts_per_day(self, asked: int | None) -> int:
        """Give how many receipts a day of this home's sandbox has: what was last asked for, 5,000 if nobody asked."""
        file = self.path / "sandbox" / "receipts-per-day"
        if asked is None:
            return int(file.read_text(encoding="ascii")) if file.exists() else RECEIPTS_PER_DAY
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(f"{asked}\n", encoding="ascii")
        return asked

    def running(self, name: str, health: str) -> Running | None:
        """Give the server of this name that answers at `health`, if one serves this home now."""
        file = self.path / "run" / f"{name}.json"
        try:
            found = Running(**json.loads(file.read_text(encoding="utf-8")))
            os.kill(found.pid, 0)  # it is alive: another program may have the port of one that was killed
            return (
                found if httpx.get(found.url + health, timeout=2, trust_env=False).status_code < 500 else None
            )
        except (OSError, ValueError, TypeError, httpx.HTTPError):
            return None

    def note_running(self, name: str, running: Running) -> None:
        """Let others who use this home find a server."""
        (self.path / "run" / f"{name}.json").write_text(json.dumps(asdict(running)), encoding="utf-8")

    def forget_running(self, name: str) -> None:
        """Take a server off the list."""
        (self.path / "run" / f"{name}.json").unlink(missing_ok=True)

    def prefect_environment(self, surroundings: Mapping[str, str], api_url: str) -> dict[str, str]:
        """Give the surroundings without any Prefect setting of theirs, and with those of this home.

        An explicit address in the environment wins over profiles and over `prefect.toml` files in the current folder, so that a
        trial never runs into a company's server.
        """
        port = api_url.rsplit(":", 1)[1].split("/")[0]
        clean = {name: value for name, value in surroundings.items() if not name.startswith("PREFECT_")}
        return clean | {
            "PREFECT_HOME": str(self.path / "prefect"),
            "PREFECT_PROFILES_PATH": str(self.path / "prefect" / "profiles.toml"),
            "PREFECT_API_URL": api_url,
            "PREFECT_UI_API_URL": api_url,
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port},http://localhost:{port}",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
            "PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE": "10000",
            "DO_NOT_TRACK": "1",
            "CONDUCTOR_HOME": str(self.path),
        }


def free_port() -> int:
    """Give a port of the loopback interface that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
