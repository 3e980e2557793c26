"""The installation and the home folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from conductor.cli.checks.finding import Finding, note, ok, problem

OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED = {"gx": "great_expectations", "dbt": "dbt"}
OPTIONAL = {
    "aws": "boto3",
    "gcp": "prefect_gcp",
    "azure": "prefect_azure",
    "kubernetes": "prefect_kubernetes",
    "postgres": "psycopg",
}
LEAST_FREE = 1 << 30


def python() -> Iterator[Finding]:
    """Look at the version of Python."""
    told = ".".join(map(str, sys.version_info[:3]))
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        yield ok("python", f"Python {told}")
    else:
        yield problem(
            "python",
            f"Python {told} is none of 3.11, 3.12 and 3.13",
            "python3.12 -m venv .venv, and install anew",
        )


def extras() -> Iterator[Finding]:
    """Look for the optional parts; the gate and the marts need two of them."""
    for extra, module in NEEDED.items():
        if find_spec(module) is None:
            yield problem(
                "extras",
                f"the extra {extra!r} is not installed; the nightly flow needs it",
                f"pip install 'cloud-conductor[{extra}]'",
            )
    chosen = {**NEEDED, **OPTIONAL}
    there = [extra for extra, module in chosen.items() if find_spec(module)]
    absent = [extra for extra in chosen if extra not in there]
    yield note(
        "extras", f"installed: {', '.join(there) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    )


def home(folder: Path, *, stays: bool) -> Iterator[Finding]:
    """Look whether the home is a folder that this user, and nobody else, may use; one of which nothing `stays` may be missing."""
    if not stays and not folder.exists():
        yield ok("home", f"{folder} is made by each pod, and nothing in it has to outlive one")
        return
    if not folder.exists():
        yield problem("home", f"there is no folder {folder}", f"conductor demo --home {folder}")
        return
    if not folder.is_dir():
        yield problem("home", f"{folder} is in the way: a home is a folder", "choose another with --home")
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield problem("home", f"{folder} cannot be written by this user", f"chown -R {os.getuid()} {folder}")
    elif folder.stat().st_mode & 0o077:
        yield problem("home", f"other users may look into {folder}", f"chmod 700 {folder}")
    else:
        yield ok("home", f"{folder} is writable, and yours alone")
    yield from _disk(folder)
    yield from _secrets(folder / "secrets")


def _disk(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    told = f"{free / 2**30:.1f} GiB are free"
    if free < LEAST_FREE:
        yield problem("disk", f"only {told} under {folder}: a day may not fit", f"du -sh {folder}/*")
    else:
        yield ok("disk", told)


def _secrets(folder: Path) -> Iterator[Finding]:
    """Tokens and keys are for their owner's eyes only."""
    open_to_others = [
        place
        for place in (folder, *sorted(folder.rglob("*")))
        if place.exists() and place.stat().st_mode & 0o077
    ]
    for place in open_to_others:
        mode = "700" if place.is_dir() else "600"
        yield problem("secrets", f"other users may read {place}", f"chmod {mode} {place}")
    if folder.exists() and not open_to_others:
        yield ok("secrets", f"{folder} and all in it are yours alone")
