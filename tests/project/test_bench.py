"""`make bench` measures both sides on equal work and says so in a form that programs read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from bench.report import Measure, write
from bench.sales import write_sales
from bench.side import ran

ROOT = Path(__file__).parents[2]
FIELDS = {"id", "what", "ours", "peer", "ratio", "goal", "unit", "peak_mib"}


def bench(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmarks in a folder that gets their results."""
    return subprocess.run(
        [sys.executable, "-m", "bench", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_ratio_above_one_says_that_the_peer_needed_less(tmp_path: Path) -> None:
    write(
        [Measure("X1", "ours over peer", 3.0, 2.0, "1.5 times", "s", 100.0)], tmp_path / "new" / "bench.json"
    )
    [written] = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert set(written) == FIELDS
    assert written["ratio"] == 1.5


def test_the_overhead_of_the_flow_is_measured_with_and_without_dbt(tmp_path: Path) -> None:
    """The benchmark itself fails where the two sides do not end in the same mart."""
    done = bench(tmp_path, "--only", "P6", "--repeat", "1", "--receipts", "100", "--seed", "20261120")
    assert done.returncode == 0, done.stderr
    assert "seed 20261120" in done.stdout
    everything, without = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert (everything["id"], without["id"]) == ("P6", "P6 without build")
    assert "100 receipts" in everything["what"]
    assert everything["ours"] > without["ours"]
    assert everything["peer"] > without["peer"] > 0
    assert everything["peak_mib"] > 50


@pytest.mark.parametrize("wrong", [("--repeat", "0"), ("--receipts", "-1"), ("--only", "P0")])
def test_what_cannot_be_measured_is_refused(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = bench(tmp_path, *wrong)
    assert done.returncode == 2
    assert wrong[0] in done.stderr


def test_a_dropped_file_is_measured_beside_three_others(tmp_path: Path) -> None:
    done = bench(tmp_path, "--only", "P1", "--gb", "0.002", "--repeat", "1", "--seed", "5")
    assert done.returncode == 0, done.stderr
    measures = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert [measure["id"] for measure in measures] == ["P1", "P2", "P1"]
    assert {measure["ours"] for measure in measures} == {measures[0]["ours"]}
    assert all(measure["peer"] > 0 and measure["peak_mib"] > 50 for measure in measures)


def test_the_gate_is_measured_as_a_share_of_the_pass_that_it_is_part_of(tmp_path: Path) -> None:
    done = bench(tmp_path, "--only", "gate", "--rows", "30000", "--repeat", "1")
    assert done.returncode == 0, done.stderr
    share, first = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert (share["id"], first["id"]) == ("gate", "gate at first")
    assert "30,000 rows" in share["what"]
    assert 0 < share["ours"] < share["peer"]
    assert 0 < first["ours"] - share["ours"] == pytest.approx(first["peer"] - share["peer"])


def test_all_sides_write_the_same_rows(tmp_path: Path) -> None:
    """Bare Polars checks nothing, so it is left out; pandas keeps money as floats, so counts are compared."""
    file = tmp_path / "sales.csv"
    written = write_sales(file, 500_000, seed=11)
    for side in ("conductor", "pandas", "duckdb"):
        ran(side, file, tmp_path / side / "table")
    rows = {
        side: pl.scan_parquet(tmp_path / side / "table" / "**" / "*.parquet")
        .select(pl.len())
        .collect()
        .item()
        for side in ("conductor", "pandas", "duckdb")
    }
    assert len(set(rows.values())) == 1
    assert 0.9 * written < rows["conductor"] < written
