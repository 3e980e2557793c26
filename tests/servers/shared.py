"""One server for all workers of a test run: the first that needs it starts it, the last that leaves stops it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Give a folder that all workers of this run share and no other run does."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def shared(folder: Path, name: str, start: Callable[[], str], stop: Callable[[str], None]) -> Generator[str]:
    """Give what `start` returned in whichever worker came first; whoever leaves last calls `stop` with it.

    Users hold a lock that the kernel takes back, so a killed worker does not keep the server up for ever.
    """
    note = folder / f"{name}.server"
    with (folder / f"{name}.users").open("w") as users:
        with _alone(folder / f"{name}.door"):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not note.exists():
                note.write_text(start())
        try:
            yield note.read_text()
        finally:
            with _alone(folder / f"{name}.door"):
                if _last(users):
                    stop(note.read_text())
                    note.unlink()


@contextmanager
def _alone(door: Path) -> Generator[None]:
    with door.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
