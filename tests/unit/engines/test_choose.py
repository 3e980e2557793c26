from __future__ import annotations

from dataclasses import dataclass

import pytest

from conductor.engines.choose import choose_engine
from conductor.errors import FixTheConfiguration, Missing

MB = 1_000_000
ENOUGH = 1_000 * MB


@dataclass(frozen=True)
class Set:
    engine: str = "auto"
    spark_from_bytes: int = 100 * MB


def test_a_small_batch_goes_to_polars_and_the_reason_says_why():
    choice = choose_engine(12_300_000, 700, ENOUGH, Set(), ("polars", "spark"))
    assert (choice.engine, choice.size, choice.rows) == ("polars", 12_300_000, 700)
    assert choice.reason == "12.3 MB is under the threshold of 100.0 MB"


def test_the_threshold_itself_goes_to_spark():
    assert choose_engine(100 * MB - 1, 1, ENOUGH, Set(), ("polars", "spark")).engine == "polars"
    assert choose_engine(100 * MB, 1, ENOUGH, Set(), ("polars", "spark")).engine == "spark"


def test_without_spark_a_large_batch_that_fits_goes_to_polars_with_that_reason():
    choice = choose_engine(250 * MB, 1, ENOUGH, Set())
    assert choice.engine == "polars"
    assert "Spark is not here, but Polars fits: 1,000.0 MB of 1,000.0 MB" in choice.reason


def test_without_spark_a_batch_that_does_not_fit_is_refused():
    with pytest.raises(FixTheConfiguration, match=r"would need 1,004\.0 MB of 1,000\.0 MB"):
        choose_engine(251 * MB, 1, ENOUGH, Set())


def test_a_set_engine_is_taken_at_any_size():
    assert choose_engine(900 * MB, 1, 1, Set(engine="polars")).engine == "polars"
    assert choose_engine(1, 1, 1, Set(engine="spark"), ("polars", "spark")).engine == "spark"


def test_a_set_engine_that_is_not_there_is_missing():
    with pytest.raises(Missing, match="spark"):
        choose_engine(1, 1, 1, Set(engine="spark"))
