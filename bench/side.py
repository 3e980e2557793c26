"""One side of a comparison, in a process of its own: `python -m bench.side SIDE FILE OUT` prints seconds and peak memory."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SIDES = {
    "conductor": "conductor_itself",
    "joining": "conductor_joining",
    "polars": "plain_polars",
    "pandas": "plain_pandas",
    "duckdb": "plain_duckdb",
}


@dataclass(frozen=True)
class Ran:
    """Wall seconds of the work without imports, and the process's high-water mark in MiB."""

    seconds: float
    peak_mib: float


def ran(side: str, file: Path, out: Path, *more: str) -> Ran:
    """Run a side in a process of its own."""
    words = [sys.executable, "-m", "bench.side", side, str(file), str(out), *more]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return Ran(**json.loads(done.stdout.splitlines()[-1]))


def main(side: str, file: str, out: str, *more: str) -> None:
    """Do the work and print what it took."""
    work = importlib.import_module(f"bench.peers.{SIDES[side]}").run
    begun = time.perf_counter()
    work(Path(file), Path(out), *more)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_mib": own_peak_mib()}))


def own_peak_mib() -> float:
    """Give this process's high-water mark; ru_maxrss would count the process that started it, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
