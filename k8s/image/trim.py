"""Remove from an environment what nothing loads: `python trim.py LIST [FOLDER]`, the packages' folder unless another is given.

Each line of the list is a pattern of paths below the folder; what follows a `#` is the reason. A pattern that begins with `!` keeps
what it finds. A pattern that finds nothing is an error: a newer package has moved things, and the list is to be looked at again.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path


def trim(patterns: list[str], folder: Path) -> int:
    """Remove all that the patterns find; give the bytes that were freed."""
    kept = {path for pattern in patterns if pattern[0] == "!" for path in find(pattern[1:], folder)}
    gone = {path for pattern in patterns if pattern[0] != "!" for path in find(pattern, folder)} - kept
    freed = 0
    for path in sorted(gone):
        if path.exists():  # not within a folder that has just gone
            freed += size(path)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return freed


def find(pattern: str, folder: Path) -> list[Path]:
    """Give what a pattern finds, which has to be something."""
    if found := list(folder.glob(pattern)):
        return found
    sys.exit(f"nothing below {folder} matches {pattern}: mend the list, or take the line out")


def size(path: Path) -> int:
    """Give the bytes of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())


def patterns_of(text: str) -> list[str]:
    """Read the list: one pattern a line, comments and empty lines aside."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


if __name__ == "__main__":
    below = Path(sys.argv[2] if len(sys.argv) > 2 else sysconfig.get_path("purelib"))
    freed = trim(patterns_of(Path(sys.argv[1]).read_text(encoding="utf-8")), below)
    sys.stdout.write(f"freed {freed / 1e6:.0f} MB below {below}\n")
