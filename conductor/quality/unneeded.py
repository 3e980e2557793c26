"""Clouds and engines that Great Expectations would import because they are installed, and that the gate never asks it for.

It works without each of them. With them its import takes a quarter longer and a hundred megabytes more.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

UNNEEDED = frozenset(
    {"azure", "boto3", "botocore", "google.api_core", "google.cloud", "google.oauth2", "pyspark", "snowflake"}
)


class _Absent(MetaPathFinder):
    """Says of some modules that they are not installed, to the thread that made it and to no other."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Give no place for any module; refuse those that are to be absent."""
        del path, target
        if fullname in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)
        return None


@contextmanager
def without_the_unneeded() -> Generator[None]:
    """Import in the body as if these were not installed. What the program has imported before stays imported."""
    absent = _Absent(UNNEEDED)
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)
