"""Pages for people, made from what is in the warehouse."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from conductor import zones
from conductor.workspace import Workspace


def write_page(workspace: Workspace, name: str, text: str) -> None:
    """Replace a page in the docs zone and in the home; a reader sees the old one or the new one. Repeats: the same page."""
    workspace.lake.put(zones.docs(name), text.encode())
    folder = workspace.home / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=folder, prefix=f".{name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    Path(part).replace(folder / name)
