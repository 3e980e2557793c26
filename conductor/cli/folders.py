"""Where the products lie that a command looks at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from conductor.settings import load_settings
from conductor.workspace import ROOT


def product_folders(home: Path, more: Iterable[Path]) -> tuple[Path, ...]:
    """Give the folders with products: the shipped one, those of the settings, and those that were named; each once."""
    paths = (ROOT / "products", *load_settings(home, os.environ).products_path, *more)
    return tuple({path.resolve(): path for path in paths}.values())
