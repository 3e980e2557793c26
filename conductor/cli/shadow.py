"""A second home for a look ahead: it reads the first one's stores, and what it must write to it writes in copies."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

LOOKED_AT = ("store", "backup", "warehouse.read.duckdb", "conductor.toml")
COPIED = ("sandbox", "secrets")
"""The bundled sandbox writes down what it answered, and the tokens are its."""


@contextmanager
def shadow_home(home: Path, *, with_tokens: bool) -> Generator[Path]:
    """Give a home that shows what the other one holds, for the time of the body; nothing in that one changes.

    Without `with_tokens` the tokens are not copied but the same: those of a real vendor, who may replace a token when it is used,
    and a lost one would lock the company out.
    """
    home = home.absolute()
    with tempfile.TemporaryDirectory(prefix="conductor-plan-") as name:
        shadow = Path(name)
        for part in LOOKED_AT:
            if (home / part).exists():
                (shadow / part).symlink_to(home / part)
        for part in COPIED:
            if not (home / part).exists():
                continue
            if part == "secrets" and not with_tokens:
                (shadow / part).symlink_to(home / part)
            else:
                shutil.copytree(home / part, shadow / part)
        _copy_ledger(home / "ledger.sqlite", shadow / "ledger.sqlite")
        yield shadow


def _copy_ledger(file: Path, to: Path) -> None:
    """Copy a consistent state. `immutable` keeps SQLite from making its shared memory beside a file that nobody has open."""
    if not file.exists():
        return
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    with (
        closing(sqlite3.connect(f"{file.as_uri()}?{mode}", uri=True)) as source,
        closing(sqlite3.connect(to)) as copy,
    ):
        source.backup(copy)
