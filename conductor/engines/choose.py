"""Which engine refines: small batches on Polars, large ones on Spark where there is one."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from conductor.errors import FixTheConfiguration, Missing
from conductor.values import EngineChoice

AUTO = "auto"
MEMORY_PER_BYTE = 4
"""Bytes of memory that Polars is taken to need per byte of input; 2.4 were measured with 90 partitions at 676
MB.
"""
MEMORY_PER_ROW = 130
"""Bytes of memory that it is taken to need per row at least, for records may be packed densely; measured likewise, at 12
million rows.
"""


class EngineName(StrEnum):
    """The engines that refine."""

    POLARS = "polars"
    SPARK = "spark"


class EngineSettings(Protocol):
    """The settings that count: `engine` is `auto` or an engine's name, `spark_from_bytes` the input from
    which Spark refines.
    """

    @property
    def engine(self) -> str: ...

    @property
    def spark_from_bytes(self) -> int: ...


class ProductWishes(Protocol):
    """What a product's contract may say of it; None leaves it to the settings."""

    @property
    def engine(self) -> str | None: ...

    @property
    def spark_from_bytes(self) -> int | None: ...


def choose_engine(
    size_bytes: int,
    rows: int,
    memory_bytes: int,
    settings: EngineSettings,
    product: ProductWishes,
    *,
    missing: Missing | None,
    asked: EngineName | None = None,
) -> EngineChoice:
    """Give the engine and the reason, which is a sentence for people.

    What the run asks for goes first, then the product's contract, then the settings, then the size. `missing` is what
    Spark lacks here, None where it can run. Spark that the run or the settings demand and that is not here is `Missing`;
    input that no engine at hand can take is `FixTheConfiguration`.
    """
    by = f"the run asks for {asked}" if asked else f"the setting engine says {settings.engine}"
    demanded = asked or (settings.engine if settings.engine != AUTO and not product.engine else None)
    if demanded:
        if demanded == EngineName.SPARK and missing:
            raise Missing(f"{by}, but {missing.sentence}", next_command=missing.next_command)
        engine, reason = EngineName(demanded), by
    else:
        engine, reason = _by_size(size_bytes, settings, product)
        if engine is EngineName.SPARK and missing:
            need = max(size_bytes * MEMORY_PER_BYTE, rows * MEMORY_PER_ROW)
            engine, reason = EngineName.POLARS, _instead(reason, need, memory_bytes, missing)
    return EngineChoice(engine=engine.value, reason=reason, size=size_bytes, rows=rows)


def _by_size(size: int, settings: EngineSettings, product: ProductWishes) -> tuple[EngineName, str]:
    if product.engine:
        return EngineName(product.engine), f"the contract says {product.engine}"
    limit, whose = settings.spark_from_bytes, "the threshold"
    if product.spark_from_bytes is not None:
        limit, whose = product.spark_from_bytes, "the contract's threshold"
    if size < limit:
        return EngineName.POLARS, f"{_mb(size)} is under {whose} of {_mb(limit)}"
    return EngineName.SPARK, f"{_mb(size)} reaches {whose} of {_mb(limit)}"


def _instead(why: str, need: int, memory: int, missing: Missing) -> str:
    """Say that Polars takes what Spark should, if it fits."""
    if need <= memory:
        return f"{why}; Spark is not here, but Polars fits: {_mb(need)} of {_mb(memory)}"
    raise FixTheConfiguration(
        f"{why}; Spark is not here, and Polars would need {_mb(need)} of {_mb(memory)}",
        next_command=f"{missing.next_command}, or export CONDUCTOR_MEMORY_BYTES={need}",
    )


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
