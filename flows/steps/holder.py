"""Who holds a lease: a process, named so that others on the same machine can tell whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def holder(run_id: str) -> str:
    """Name this process and run: `<machine>|<pid>|<start>|<run id>`; machine and start tell a recycled pid from the real one."""
    return f"{_machine()}|{os.getpid()}|{_started(os.getpid())}|{run_id}"


def alive(name: str) -> bool:
    """Say whether a holder may still be at work. Only a process of this machine that is gone counts as dead."""
    machine, pid, started, _ = name.split("|", 3)
    if machine != _machine():
        return True
    return _started(int(pid)) == started


def run_of(name: str) -> str:
    """Give the run that a holder works for."""
    return name.rpartition("|")[2]


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
