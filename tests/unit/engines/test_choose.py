from __future__ import annotations

from dataclasses import dataclass

import pytest

from conductor.engines.choose import EngineName, choose_engine
from conductor.errors import FixTheConfiguration, Missing
from conductor.values import EngineChoice

MB = 1_000_000
ENOUGH = 1_000 * MB
NO_SPARK = Missing("Spark is not here: the extra is not installed", next_command="pip install it")


@dataclass(frozen=True)
class Set:
    engine: str = "auto"
    spark_from_bytes: int = 100 * MB


@dataclass(frozen=True)
class Said:
    engine: str | None = None
    spark_from_bytes: int | None = None


def choose(
    size: int,
    settings: Set = Set(),
    product: Said = Said(),
    *,
    rows: int = 1,
    memory: int = ENOUGH,
    missing: Missing | None = None,
    asked: EngineName | None = None,
) -> EngineChoice:
    return choose_engine(size, rows, memory, settings, product, missing=missing, asked=asked)


def test_a_small_batch_goes_to_polars_and_the_reason_says_why():
    choice = choose(12_300_000, rows=700)
    assert (choice.engine, choice.size, choice.rows) == ("polars", 12_300_000, 700)
    assert choice.reason == "12.3 MB is under the threshold of 100.0 MB"


def test_the_threshold_itself_goes_to_spark():
    assert choose(100 * MB - 1).engine == "polars"
    assert choose(100 * MB).engine == "spark"


def test_without_spark_a_large_batch_that_fits_goes_to_polars_with_that_reason():
    choice = choose(250 * MB, missing=NO_SPARK)
    assert choice.engine == "polars"
    assert "Spark is not here, but Polars fits: 1,000.0 MB of 1,000.0 MB" in choice.reason


def test_without_spark_a_batch_that_does_not_fit_is_refused_and_told_what_to_install():
    with pytest.raises(FixTheConfiguration, match=r"would need 1,004\.0 MB of 1,000\.0 MB") as caught:
        choose(251 * MB, missing=NO_SPARK)
    assert "pip install it" in (caught.value.next_command or "")


def test_many_rows_in_few_bytes_need_memory_for_the_rows():
    # 10 million rows at 130 bytes are 1,300 MB, whatever the 100 MB that they are packed into.
    with pytest.raises(FixTheConfiguration, match=r"would need 1,300\.0 MB of 1,000\.0 MB"):
        choose(100 * MB, rows=10_000_000, missing=NO_SPARK)


def test_a_set_engine_is_taken_at_any_size():
    assert choose(900 * MB, Set(engine="polars"), memory=1).engine == "polars"
    assert choose(1, Set(engine="spark")).engine == "spark"


def test_a_set_engine_that_is_not_there_is_missing():
    with pytest.raises(Missing, match="setting engine says spark, but Spark is not here") as caught:
        choose(1, Set(engine="spark"), missing=NO_SPARK)
    assert caught.value.next_command == "pip install it"


def test_a_products_own_threshold_goes_before_the_settings():
    choice = choose(5 * MB, product=Said(spark_from_bytes=4 * MB))
    assert choice.engine == "spark"
    assert choice.reason == "5.0 MB reaches the contract's threshold of 4.0 MB"
    assert choose(900 * MB, product=Said(spark_from_bytes=1_000 * MB)).engine == "polars"


def test_a_products_own_engine_goes_before_size_and_settings():
    choice = choose(1, Set(engine="polars"), Said(engine="spark"))
    assert (choice.engine, choice.reason) == ("spark", "the contract says spark")
    assert choose(900 * MB, product=Said(engine="polars")).engine == "polars"


def test_a_product_that_wants_spark_is_tried_on_polars_where_there_is_none():
    choice = choose(1 * MB, product=Said(engine="spark"), missing=NO_SPARK)
    assert choice.engine == "polars"
    assert (
        choice.reason == "the contract says spark; Spark is not here, but Polars fits: 4.0 MB of 1,000.0 MB"
    )


def test_what_a_run_asks_for_goes_before_all():
    choice = choose(1, Set(engine="polars"), Said(engine="polars"), asked=EngineName.SPARK)
    assert (choice.engine, choice.reason) == ("spark", "the run asks for spark")
    assert choose(900 * MB, product=Said(engine="spark"), asked=EngineName.POLARS).engine == "polars"


def test_a_run_that_asks_for_spark_without_spark_is_refused():
    with pytest.raises(Missing, match="the run asks for spark, but Spark is not here"):
        choose(1, product=Said(engine="polars"), missing=NO_SPARK, asked=EngineName.SPARK)
