"""From an engine's name to the engine."""

from __future__ import annotations

from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine
from conductor.errors import FixTheConfiguration


def open_engine(name: str) -> Engine:
    """Give an engine by the name that `choose_engine` gave."""
    if name != PolarsEngine.name:
        raise FixTheConfiguration(f"there is no engine {name!r} here; there is {PolarsEngine.name}")
    return PolarsEngine()
