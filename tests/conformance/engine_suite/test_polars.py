"""What only the Polars engine can show: how it runs, and what it says when something is wrong."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from conductor.engines import polars_check
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import RecordsFile
from conductor.engines.row_text import row_text
from conductor.errors import FixTheConfiguration, FixTheData, StopAndCall

from .jobs import RECEIPTS, job, refine, sale


def test_the_first_stage_holds_no_column_as_a_whole(tmp_path: Path):
    bad = sale("2", "1.005")
    planned = polars_check.plan(
        job(tmp_path, [sale(), bad], [bad | {"Line.Amount": "1.00", "_corrects": row_text(bad)}])
    )
    for frame in (planned.accepted, planned.rejected, planned.others):
        graph = frame.show_graph(engine="streaming", plan_stage="physical", raw_output=True, show=False)
        labels = re.findall(r'label="([a-z-]+)', str(graph))
        assert "multi-scan" in labels
        assert "columnar-function" not in labels


def test_without_corrections_no_row_text_is_built(tmp_path: Path):
    assert "\x1f" not in polars_check.plan(job(tmp_path, [sale()])).accepted.explain()


def test_two_attempts_write_beside_each_other(tmp_path: Path):
    first = refine(PolarsEngine(), tmp_path, [sale()], attempt="a1").outcome
    second = refine(PolarsEngine(), tmp_path, [sale()], attempt="a2").outcome
    assert {file.path.rsplit("/", 1)[1] for file in (*first.files, *second.files)} == {
        "a1-0.parquet",
        "a2-0.parquet",
    }
    assert len(list((tmp_path / "polars" / "table").rglob("*.parquet"))) == 2


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("voided\nFROM", "voided, 1 AS extra\nFROM", FixTheConfiguration, "extra is not a column"),
        ("'USD' AS home_currency,", "", FixTheConfiguration, "home_currency is absent"),
        ("rate,\n", "CAST(rate AS DECIMAL(12,4)) AS rate,\n", FixTheConfiguration, "rate is Decimal"),
        ("FROM money", "FROM money WHERE line_id <> '2'", FixTheConfiguration, "1 rows for 2 accepted"),
        ("sync_token,\n    updated", "sink_token,\n    updated", FixTheConfiguration, "sink_token"),
        (
            "COALESCE(amount,",
            "COALESCE(CAST(amount + 1 AS DECIMAL(18,2)),",
            StopAndCall,
            "22.00 USD of 20.00",
        ),
        ("AS DECIMAL(20,2)) AS net_home", "AS DECIMAL(3,2)) AS net_home", FixTheData, "do not fit"),
    ],
)
def test_sql_that_breaks_the_contract_is_refused(
    tmp_path: Path, old: str, new: str, error: type[Exception], said: str
):
    assert old in RECEIPTS.refine_sql
    product = replace(RECEIPTS, refine_sql=RECEIPTS.refine_sql.replace(old, new))
    with pytest.raises(error, match=re.escape(said)):
        refine(PolarsEngine(), tmp_path, [sale("1"), sale("2")], product=product)


@pytest.mark.parametrize("columns", [{"_line": [1]}, {"Id": ["1"]}])
def test_records_that_are_not_text_are_refused(tmp_path: Path, columns: dict[str, Sequence[object]]):
    path = tmp_path / "odd.parquet"
    pl.DataFrame(columns).write_parquet(path)
    with pytest.raises(FixTheData, match="have to be text columns"):
        refine(PolarsEngine(), tmp_path, records=(RecordsFile(path, "object-0"),))


@pytest.mark.parametrize("name", ["accepted.parquet", "rejected.parquet"])
def test_a_full_disk_stops_and_calls(tmp_path: Path, name: str):
    full = tmp_path / "scratch" / name
    full.parent.mkdir()
    full.symlink_to("/dev/full")
    with pytest.raises(StopAndCall, match="disk is full"):
        refine(PolarsEngine(), tmp_path, [sale("1"), sale("2", "x")], scratch=full.parent)


def test_records_that_are_gone_are_told_as_a_matter_of_configuration(tmp_path: Path):
    with pytest.raises(FixTheConfiguration, match="FileNotFoundError"):
        refine(PolarsEngine(), tmp_path, records=(RecordsFile(tmp_path / "gone.parquet", "object-0"),))


def test_an_error_quotes_no_value_of_the_data(tmp_path: Path):
    sql = RECEIPTS.refine_sql.replace("sync_token,", "CAST(customer_name AS BIGINT) AS sync_token,")
    row = sale() | {"CustomerRef.name": "Ada Lovelace"}
    with pytest.raises(FixTheData) as caught:
        refine(PolarsEngine(), tmp_path, [row], product=replace(RECEIPTS, refine_sql=sql))
    assert "Ada" not in "".join(traceback.format_exception(caught.value))


def test_secrets_stay_out_of_what_is_printed(tmp_path: Path):
    assert "hush" not in repr(job(tmp_path, [sale()], storage_options={"aws_secret_access_key": "hush"}))
