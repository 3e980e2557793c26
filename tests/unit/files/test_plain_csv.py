"""A plain CSV file is its own records, and says the same of them as the careful reader does."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from cases.products import product
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from conductor.contracts.file_format import FileFormat, Limits, Proof
from conductor.contracts.model import Contract
from conductor.files.csv_reader import read_csv
from conductor.files.plain_csv import STEP, Plain, read_plain
from conductor.plain_records import in_parquet, scan_plain

NAMES = ("id", "day", "label", "amount", "currency")
HEADER = b"id,day,label,amount,currency\n"
ROW = b"001,2026-11-20,Tea,2.50,EUR\n"
VALUE = st.text(st.sampled_from("ab7 ,;.\t\"'#äß雪"), max_size=6)
ROWS = st.lists(st.tuples(*(VALUE for _ in NAMES)), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return product("plain", tmp_path_factory.mktemp("products")).contract


def said_of(contract: Contract, **changes: object) -> FileFormat:
    assert contract.file_format
    return replace(contract.file_format, **changes)  # type: ignore[arg-type]


def plain(data: bytes, contract: Contract, folder: Path, **changes: object) -> Plain | None:
    file = folder / "file.csv"
    file.write_bytes(data)
    return read_plain(file, contract, said_of(contract, **changes))


@settings(deadline=None, max_examples=150)
@given(
    ROWS,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(",;"),
    st.booleans(),
)
def test_both_readers_find_the_same_rows_lines_and_digest(
    contract: Contract, rows: list[tuple[str, ...]], quoting: int, end: str, delimiter: str, header: bool
) -> None:
    text = io.StringIO()
    text.write(delimiter.join(NAMES) + end if header else "")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    with TemporaryDirectory() as name:
        folder = Path(name)
        found = plain(text.getvalue().encode(), contract, folder, delimiter=delimiter, header=header)
        assert found
        file, said = folder / "file.csv", said_of(contract, delimiter=delimiter, header=header)
        writer, _ = read_csv([file.read_bytes()], contract, said, folder / "records.parquet", folder)
        careful = pl.read_parquet(folder / "records.parquet")
        assert (found.done.columns, found.done.rows, found.done.sha256) == (
            writer.columns,
            writer.rows,
            writer.sha256,
        )
        assert found.done.rows == len(rows)
        assert_frame_equal(scan_plain(file, found.text).collect(), careful)
        assert_frame_equal(pl.read_parquet(in_parquet(file, found.text, folder / "again.parquet")), careful)


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        (b"\xef\xbb\xbf" + HEADER + ROW, {}),
        (b"\xef\xbb\xbf" + ROW, {"header": False}),
        (HEADER + ROW.rstrip(), {}),
        (HEADER + b"\n" + ROW, {}),
        (HEADER + ROW + b"\n", {}),
        (HEADER + b"002,2026-11-20,Oil,4.00\n", {}),
        (HEADER + b"002,2026-11-20,Oil,4.00,EUR,more\n", {}),
        (HEADER + b"002,2026-11-20\n,Oil,4.00,EUR\n", {}),
        (HEADER + b'002,2026-11-20,"two\nlines",4.00,EUR\n', {}),
        (HEADER + b'002,2026-11-20,3" pipe,4.00,EUR\n', {}),
        (HEADER + b'002,2026-11-20,"open,4.00,EUR\n', {}),
        (HEADER + b'002,2026-11-20,"shut"x,4.00,EUR\n', {}),
        (HEADER + b"002,2026-11-20,a\rb,4.00,EUR\n", {}),
        (HEADER + b"002,2026-11-20,a\0b,4.00,EUR\n", {}),
        (HEADER + b"002,2026-11-20,K\xe4se,4.00,EUR\n", {}),
        (b"day,id,label,amount,currency\n2026-11-20,001,Tea,2.50,EUR\n", {}),
        (b"id,day,label,amount\n001,2026-11-20,Tea,2.50\n", {}),
        (b"id,day,label,amount,label\n001,2026-11-20,Tea,2.50,x\n", {}),
        (b'"id",day,label,amount,currency\n' + ROW, {}),
        (HEADER + ROW, {"encoding": "cp1252"}),
        (HEADER + ROW, {"trailer": Proof("END,(?P<rows>[0-9]+)")}),
        (HEADER + ROW, {"quote": "'"}),
        (HEADER + b'002,2026-11-20,"Oil",4.00,EUR\n', {"quote": ""}),
        (HEADER + ROW, {"limits": Limits(bytes=20)}),
        (HEADER + ROW * 2, {"limits": Limits(rows=1)}),
        (HEADER + ROW, {"limits": Limits(row_bytes=27)}),
        (HEADER + ROW, {"limits": Limits(field_bytes=9)}),
    ],
    ids=lambda value: "" if isinstance(value, dict) else None,
)  # fmt: skip
def test_anything_that_is_not_plain_is_left_to_the_careful_reader(
    data: bytes, changes: dict[str, object], contract: Contract, tmp_path: Path
) -> None:
    assert plain(data, contract, tmp_path, **changes) is None


def test_limits_that_are_just_kept_are_kept(contract: Contract, tmp_path: Path) -> None:
    # The row has 28 bytes with its line end, the header 29; the longest value is the day's ten.
    limits = Limits(bytes=57, rows=1, row_bytes=29, field_bytes=10)
    assert plain(HEADER + ROW, contract, tmp_path, limits=limits)


def test_a_file_of_many_blocks_is_counted_whole_and_found_out_at_its_end(
    contract: Contract, tmp_path: Path
) -> None:
    rows = 3 * STEP // len(ROW)
    found = plain(HEADER + ROW * rows, contract, tmp_path)
    assert found
    assert (
        found.done.rows
        == rows
        == scan_plain(tmp_path / "file.csv", found.text).select(pl.len()).collect().item()
    )
    assert plain(HEADER + ROW * rows + b"x\n", contract, tmp_path) is None


def test_a_pattern_in_the_name_of_a_file_is_a_name(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "f1.csv").write_bytes(HEADER + ROW)
    file = tmp_path / "f[1].csv"
    file.write_bytes(HEADER + ROW * 2)
    found = read_plain(file, contract, said_of(contract))
    assert found
    assert scan_plain(file, found.text).select(pl.len()).collect().item() == 2
