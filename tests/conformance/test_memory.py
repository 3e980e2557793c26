"""What a large file may cost: memory that does not grow with it."""

from __future__ import annotations

from pathlib import Path

from bench.sales import write_sales
from bench.side import ran

LIMIT_MIB = 2048


def test_a_file_of_one_gigabyte_is_carried_to_a_commit_in_two_gibibytes(tmp_path: Path) -> None:
    """Bad rows are set aside, repeated keys dropped, a catalogue joined, 120 partitions written, and all of it counted."""
    file = tmp_path / "sales.csv"
    write_sales(file, 1_000_000_000, seed=7)
    assert ran("joining", file, tmp_path / "out" / "table").peak_mib < LIMIT_MIB
