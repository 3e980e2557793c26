"""How large Spark's driver and executors are: from the size of the input, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MIB = 2**20
BYTES_PER_EXECUTOR = 256 * MIB
"""Records that one executor is taken to work through; a task of it has a fraction of that in memory."""
EXECUTOR_HEAP = 1024
"""MiB. With `EXECUTOR_BESIDE` an executor refined 292 MB of text beside another one; it was seen at 1.4 GiB."""
EXECUTOR_BESIDE = 512
"""MiB beside the heap, for Python, which writes the files, and for Java itself."""
DRIVER_HEAP = 768
"""MiB. The driver plans, counts and gathers names of files: it grows with their number, not with the data."""
DRIVER_BESIDE = 1024
"""MiB beside the driver's heap: Java itself, Prefect, and the rejected rows on their way."""
STEP_UP = 1.5
"""How much larger the next memory class is."""


class SparkLimits(Protocol):
    """The settings that count."""

    @property
    def spark_executors(self) -> int: ...


@dataclass(frozen=True)
class SparkSizes:
    """Memory in MiB, per pod. `executors` is how many there may be at most; one is there always."""

    driver_heap: int
    driver_beside: int
    executor_heap: int
    executor_beside: int
    executors: int
    memory_class: int
    reason: str

    def job_variables(self) -> dict[str, str | int]:
        """Give them in the words of the work pools' templates: one that makes pods asks for the driver's alone."""
        memory = f"{self.driver_heap + self.driver_beside}Mi"
        return {
            "memory_request": memory,
            "memory_limit": memory,
            "driver_heap": self.driver_heap,
            "driver_beside": self.driver_beside,
            "executor_heap": self.executor_heap,
            "executor_beside": self.executor_beside,
            "executors": self.executors,
        }


def spark_sizes(size_bytes: int, limits: SparkLimits, memory_class: int = 0) -> SparkSizes:
    """Give the sizes for records of so many bytes.

    More data gets more executors, not larger ones. `memory_class` says how often a run of the product ran out of memory: each
    time all pods become half as large again.
    """
    wanted = max(1, -(-size_bytes // BYTES_PER_EXECUTOR))
    executors = min(wanted, limits.spark_executors)
    grown = STEP_UP**memory_class
    reason = f"up to {executors} executors for {size_bytes / 1_000_000:,.1f} MB"
    if executors < wanted:
        reason += f" ({wanted} wanted, the setting spark_executors says {executors})"
    if memory_class:
        reason += f", in memory class {memory_class} after runs that were short of it"
    return SparkSizes(
        driver_heap=int(DRIVER_HEAP * grown),
        driver_beside=int(DRIVER_BESIDE * grown),
        executor_heap=int(EXECUTOR_HEAP * grown),
        executor_beside=int(EXECUTOR_BESIDE * grown),
        executors=executors,
        memory_class=memory_class,
        reason=reason,
    )
