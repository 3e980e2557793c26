"""Seconds and peak memory of a stretch of this process."""

from __future__ import annotations

import resource
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")


@dataclass
class Measured:
    """Filled in when the stretch ends: wall seconds, and the resident high-water mark in MiB."""

    seconds: float = 0.0
    peak_mib: float = 0.0


@contextmanager
def measured() -> Generator[Measured]:
    """Measure the body. The kernel's high-water mark is reset first, so that one step's peak is not the next one's."""
    _reset_peak()
    found = Measured()
    start = time.perf_counter()
    try:
        yield found
    finally:
        found.seconds = time.perf_counter() - start
        found.peak_mib = _peak_mib()


def _reset_peak() -> None:
    try:
        CLEAR_REFS.write_text("5", encoding="ascii")
    except OSError:
        # Some containers forbid it: then the figure is the peak since the process began, an upper bound.
        return


def _peak_mib() -> float:
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
