"""Records of dropped files: what a reader could not take apart has one reason alone, and a decimal comma is a number."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from cases.products import HERE, product

from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import Engine, RecordsFile, RefineJob, RefineOutcome
from conductor.files import arrive
from conductor.values import Batch, Slot

from .duckdb_engine import DuckDbEngine

ENGINES = [PolarsEngine(), DuckDbEngine()]


def refined(engine: Engine, file: str, dialect: str, folder: Path) -> tuple[RefineOutcome, pl.DataFrame]:
    """Give what an engine makes of a file, and the rows that it takes."""
    made = product(dialect, folder / "products")
    arrived = arrive(HERE / "files" / file, made.contract, folder / "arrived")
    day = date(2026, 11, 20)
    batch = Batch(
        id="b" * 32,
        slot=Slot(dataset=made.contract.dataset, day=day),
        version=1,
        object_ids=("o",),
        contract_version=made.contract.version,
        refine_sha256=made.refine_sha256,
    )
    records, table = (RecordsFile(arrived.records, "o", plain=arrived.plain),), folder / "table"
    outcome = engine.refine(RefineJob(made, batch, records, {}, str(table), "a", folder / "scratch"))
    return outcome, pl.concat(
        pl.read_parquet(table / each.path, hive_partitioning=False) for each in outcome.files
    )


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    ("file", "dialect", "reason"),
    [("too_few_fields.csv", "plain", "WRONG_FIELD_COUNT"), ("bad_line.ndjson", "many", "BAD_JSON")],
)
def test_a_row_that_could_not_be_taken_apart_has_that_reason_alone(
    engine: Engine, file: str, dialect: str, reason: str, tmp_path: Path
) -> None:
    outcome, rows = refined(engine, file, dialect, tmp_path)
    assert outcome.reasons == ((reason, 1),)
    assert (outcome.counts.accepted, outcome.counts.rejected, len(rows)) == (4, 1, 4)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_decimal_comma_is_read_and_a_point_is_not(engine: Engine, tmp_path: Path) -> None:
    outcome, rows = refined(engine, "german_with_a_decimal_point.csv", "german", tmp_path)
    assert outcome.reasons == (("BAD_AMOUNT", 1),)
    assert sorted(map(str, rows["amount"])) == ["0.90", "1.20", "2.50", "3.10"]
    assert rows["business_date"].unique().to_list() == [date(2026, 11, 20)]
    assert [str(each.accepted) for each in outcome.sums] == ["7.70"]
