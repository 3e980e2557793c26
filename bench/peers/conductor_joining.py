"""Ours, with a join besides: what P3 asks of memory is dedupe, a join and partitions at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.joined import joined
from bench.peers.conductor_itself import publish, received, refined


def run(file: Path, out: Path) -> None:
    """Take the file apart, type, check, split, drop older lines, join, partition and commit."""
    job = received(file, out, *joined(out.parent))
    publish(job, refined(job), out)
    shutil.rmtree(job.scratch.parent)
