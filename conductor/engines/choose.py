"""Which engine refines: small batches on Polars, large ones on Spark where there is one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from conductor.errors import FixTheConfiguration, Missing
from conductor.values import EngineChoice

POLARS = "polars"
SPARK = "spark"
AUTO = "auto"
MEMORY_PER_BYTE = 4
"""Bytes of memory that Polars is taken to need per byte of input; 2.4 were measured with 90 partitions at 676
MB.
"""


class EngineSettings(Protocol):
    """The settings that count: `engine` is `auto` or an engine's name, `spark_from_bytes` the input from
    which Spark refines.
    """

    @property
    def engine(self) -> str: ...

    @property
    def spark_from_bytes(self) -> int: ...


def choose_engine(
    size_bytes: int,
    rows: int,
    memory_bytes: int,
    settings: EngineSettings,
    available: Collection[str] = (POLARS,),
) -> EngineChoice:
    """Give the engine and the reason, which is a sentence for people.

    An engine that is set but absent is `Missing`; input that no engine at hand can take is
    `FixTheConfiguration`.
    """
    engine, reason = _choose(size_bytes, memory_bytes, settings, available)
    return EngineChoice(engine=engine, reason=reason, size=size_bytes, rows=rows)


def _choose(size: int, memory: int, settings: EngineSettings, available: Collection[str]) -> tuple[str, str]:
    if settings.engine != AUTO:
        if settings.engine not in available:
            raise Missing(
                f"the engine {settings.engine} is set, but is not here", next_command="set engine to auto"
            )
        return settings.engine, f"the setting engine says {settings.engine}"
    limit, need = settings.spark_from_bytes, size * MEMORY_PER_BYTE
    if size < limit:
        return POLARS, f"{_mb(size)} is under the threshold of {_mb(limit)}"
    large = f"{_mb(size)} reaches the threshold of {_mb(limit)}"
    if SPARK in available:
        return SPARK, large
    if need <= memory:
        return POLARS, f"{large}; Spark is not here, but Polars fits: {_mb(need)} of {_mb(memory)}"
    raise FixTheConfiguration(
        f"{large}; Spark is not here, and Polars would need {_mb(need)} of {_mb(memory)}",
        next_command="raise the setting memory_bytes, on a machine that has as much",
    )


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
