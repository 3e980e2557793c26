"""Sizes of driver and executors follow from the input, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from conductor.engines.spark_sizes import spark_sizes

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    spark_executors: int = 8


@pytest.mark.parametrize(
    ("size", "executors"),
    [(0, 1), (1, 1), (256 * MIB, 1), (256 * MIB + 1, 2), (1024 * MIB, 4), (2048 * MIB, 8)],
)
def test_more_data_gets_more_executors_not_larger_ones(size: int, executors: int) -> None:
    sizes = spark_sizes(size, Limits())
    assert sizes.executors == executors
    assert (sizes.executor_heap, sizes.executor_beside) == (1024, 512)


def test_the_limit_holds_and_the_reason_says_what_was_wanted() -> None:
    sizes = spark_sizes(1024 * MIB, Limits(3))
    assert sizes.executors == 3
    assert sizes.reason == ("up to 3 executors for 1,073.7 MB (4 wanted, the setting spark_executors says 3)")


def test_each_memory_class_is_half_as_large_again_in_every_pod() -> None:
    plain, next_class, third = (spark_sizes(MIB, Limits(), level) for level in range(3))
    assert (next_class.driver_heap, next_class.executor_heap) == (1152, 1536)
    assert (third.executor_heap, third.executor_beside) == (2304, 1152)
    assert next_class.executors == plain.executors
    assert "memory class 1" in next_class.reason


def test_the_drivers_pod_holds_its_heap_and_what_is_beside_it() -> None:
    sizes = spark_sizes(MIB, Limits())
    said = sizes.job_variables()
    assert said["memory_request"] == said["memory_limit"] == f"{sizes.driver_heap + sizes.driver_beside}Mi"
