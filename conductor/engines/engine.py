"""From an engine's name to the engine."""

from __future__ import annotations

from conductor.engines.choose import EngineName
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine
from conductor.engines.spark_cluster import Executors
from conductor.engines.spark_session import missing_part
from conductor.errors import FixTheConfiguration


def open_engine(name: str, memory_bytes: int, executors: Executors | None = None) -> Engine:
    """Give an engine by the name that `choose_engine` gave; `memory_bytes` is what the work may plan with on this machine.

    Spark where it cannot run is `Missing`, which says what to install.
    """
    match name:
        case EngineName.POLARS:
            return PolarsEngine(memory_bytes)
        case EngineName.SPARK:
            if missing := missing_part():
                raise missing
            from conductor.engines.spark import SparkEngine  # PySpark is there only with its extra

            return SparkEngine(memory_bytes, executors)
        case _:
            raise FixTheConfiguration(
                f"there is no engine {name!r} here; there are {' and '.join(EngineName)}"
            )
