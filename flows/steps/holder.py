"""Who holds a lease: a process, named so that others on the same machine can tell whether it still lives, and what it is there for."""

from __future__ import annotations

import os
import socket
from enum import StrEnum
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


class Errand(StrEnum):
    """What a run is at a slot for: to carry it down the road, or to refine a batch of it for the run that carries it."""

    CARRY = "carry"
    REFINE = "refine"


def holder(run_id: str, errand: Errand = Errand.CARRY) -> str:
    """Name this process, run and errand: `<machine>|<pid>|<start>|<run id>|<errand>`.

    Machine and start tell a recycled pid from the real one.
    """
    return f"{_machine()}|{os.getpid()}|{_started(os.getpid())}|{run_id}|{errand}"


def errand_of(name: str) -> Errand:
    """Give what a holder is there for."""
    return Errand.REFINE if name.endswith(f"|{Errand.REFINE}") else Errand.CARRY


def alive(name: str) -> bool:
    """Say whether a holder may still be at work. Only a process of this machine that is gone counts as dead."""
    machine, pid, started, _ = name.split("|", 3)
    if machine != _machine():
        return True
    return _started(int(pid)) == started


def run_of(name: str) -> str:
    """Give the run that a holder works for."""
    return name.split("|")[3]


def _machine() -> str:
    boot = BOOT.read_text(encoding="ascii").strip() if BOOT.exists() else "?"
    namespace = Path("/proc/self/ns/pid")
    inode = namespace.stat().st_ino if namespace.exists() else 0
    return f"{socket.gethostname()}:{boot}:{inode}"


def _started(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return "gone"
    # State Z: the process has ended and waits for its parent to ask.
    return "gone" if fields[0] == "Z" else fields[19]
