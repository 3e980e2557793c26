"""The sandbox as a process: it says where it listens, and serves until it is told to stop."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Event

from pydantic import TypeAdapter

from sandbox.quickbooks.faults import Faults
from sandbox.quickbooks.oauth import Rotation
from sandbox.quickbooks.server import LOOPBACK, Sandbox
from sandbox.quickbooks.service import GROUP, SHOP


@dataclass(frozen=True)
class Credentials:
    """What a client of the sandbox has to hold: invented ones, good here only."""

    client_id: str = field(default_factory=lambda: f"app-{secrets.token_hex(8)}")
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @classmethod
    def of(cls, home: Path | None) -> Credentials:
        """Give the credentials kept in a folder, or make new ones (and keep them there)."""
        path = home / "quickbooks-credentials.json" if home else None
        if path and path.exists():
            return TypeAdapter(cls).validate_json(path.read_bytes())
        made = cls()
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps(asdict(made)))
        return made


def serve(
    clock: Callable[[], datetime],
    credentials: Credentials,
    *,
    seed: int = 7,
    port: int = 0,
    receipts_per_day: int = 5000,
    days: Mapping[date, int] | None = None,
    huge: bool = False,
    rotation: Rotation = Rotation.DAILY,
    access_token_uses: int | None = None,
    state: Path | None = None,
    faults: Faults | None = None,
    host: str = LOOPBACK,
) -> None:
    """Serve until SIGINT or SIGTERM; when ready, write one JSON line with address, credentials and realms to stdout.

    Beyond loopback the line goes into a log that many read, so it holds no credentials then.
    Call it from the main thread: it takes both signals.
    """
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sandbox = Sandbox(
        seed,
        clock,
        credentials.client_id,
        credentials.client_secret,
        port,
        receipts_per_day=receipts_per_day,
        days=days,
        huge=huge,
        control_token=credentials.control_token,
        rotation=rotation,
        access_token_uses=access_token_uses,
        state=state,
        faults=faults,
        host=host,
    )
    with sandbox:
        realms = {"shop": SHOP.realm, "group": GROUP.realm}
        told = asdict(credentials) if host == LOOPBACK else {}
        ready = {"url": sandbox.url, **told, "realms": realms}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stop.wait()
