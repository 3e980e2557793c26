"""OAuth tokens and where they are kept.

A vendor's refresh token often dies as soon as the next one is given out, so a token that is used but not
stored locks the company out until a person consents again. Hence the two locks of a store: one held during a
refresh, one during a write.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from conductor.errors import FixTheConfiguration, RetryLater

CONNECTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,100}")
POLL_S = 0.05
TOKENS = Path("secrets") / "tokens"
"""The folder of a home that keeps tokens, where the ledger does not."""


class Tokens(BaseModel):
    """The tokens of one company, shown as stars. Unused, the refresh token dies at `consent_ends`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    company: str
    access: SecretStr
    refresh: SecretStr
    consent_ends: datetime | None = None


class TokenStore(Protocol):
    """Where tokens outlive a process. A connection is named `<source>-<company>`."""

    def read(self, connection: str) -> Tokens | None:
        """Give the tokens as they are now, None if nobody has consented yet."""
        ...

    def replace(self, connection: str, expected: Tokens | None, new: Tokens) -> bool:
        """Store `new` durably if `expected` is what is stored, else change nothing and give False."""
        ...

    def refreshing(self, connection: str) -> AbstractContextManager[None]:
        """Let one refresher in, across all processes; `RetryLater` when another takes too long."""
        ...


class FileTokenStore:
    """One file per connection, readable by its owner only, in a folder of the same kind, which is made for the first one.

    `patience_s` is how long to wait for another process; `sleep` is time as an argument.
    """

    def __init__(
        self, folder: Path, *, sleep: Callable[[float], None] = time.sleep, patience_s: float = 120.0
    ) -> None:
        self._folder = folder
        self._sleep = sleep
        self._patience_s = patience_s

    def read(self, connection: str) -> Tokens | None:
        """Give the tokens as they are now, None if nobody has consented yet."""
        path = self._path(connection, "json")
        self._refuse_open_folder()
        try:
            return Tokens.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            raise FixTheConfiguration(f"{path} does not hold tokens") from None

    def replace(self, connection: str, expected: Tokens | None, new: Tokens) -> bool:
        """Store `new` durably if `expected` is what is stored, else change nothing and give False."""
        with self._locked(connection, "write"):
            if self.read(connection) != expected:
                return False
            self._write(self._path(connection, "json"), new)
            return True

    def refreshing(self, connection: str) -> AbstractContextManager[None]:
        """Let one refresher in, across all processes; `RetryLater` when another takes too long."""
        return self._locked(connection, "refresh")

    def _write(self, path: Path, tokens: Tokens) -> None:
        """Write beside the file, then rename: even a power cut leaves the old tokens or the new ones."""
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(serialized(tokens))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self, connection: str, purpose: str) -> Generator[None]:
        """Hold a lock, against threads too; the system releases it when the process dies."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._refuse_open_folder()
        handle = os.open(self._path(connection, f"{purpose}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._acquire(handle, connection)
            yield
        finally:
            os.close(handle)

    def _acquire(self, handle: int, connection: str) -> None:
        for _ in range(1 + int(self._patience_s / POLL_S)):
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._sleep(POLL_S)
        raise RetryLater(f"another process holds the tokens of {connection} for over {self._patience_s:g} s")

    def _refuse_open_folder(self) -> None:
        if self._folder.exists() and self._folder.stat().st_mode & 0o077:
            raise FixTheConfiguration(
                f"{self._folder} keeps tokens but others may look into it",
                next_command=f"chmod 700 {self._folder}",
            )

    def _path(self, connection: str, suffix: str) -> Path:
        if not CONNECTION.fullmatch(connection):
            raise FixTheConfiguration(f"{connection!r} is not a connection: it is written <source>-<company>")
        return self._folder / f"{connection}.{suffix}"


def serialized(tokens: Tokens) -> bytes:
    """Give tokens in clear, for whoever keeps them safe."""
    ends = tokens.consent_ends
    return json.dumps(
        {
            "company": tokens.company,
            "access": tokens.access.get_secret_value(),
            "refresh": tokens.refresh.get_secret_value(),
            "consent_ends": ends.isoformat() if ends else None,
        }
    ).encode()
