"""Each nasty file becomes what `expected.py` says: taken, taken in part, or refused with its code."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from conductor.cli.main import cli
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import RecordsFile
from conductor.files import Arrived, Refusal, Refused, arrive
from conductor.files.trial import ACCEPTED, REJECTED, REPORT, Outcome, Report, Trial, try_file

from .expected import CASES, Case
from .products import NAME, product, write_product

FILES = Path(__file__).parent / "files"
DAY = date(2026, 11, 20)


def tried(case: Case, folder: Path) -> Report:
    trial = Trial(product(case.dialect, folder / "products"), FILES / case.file, DAY, {}, PolarsEngine())
    return try_file(trial, folder / "scratch", folder / "out")


def records(file: str, dialect: str, folder: Path) -> tuple[Arrived, pl.DataFrame]:
    arrived = arrive(FILES / file, product(dialect, folder / "products").contract, folder / "scratch")
    return arrived, RecordsFile(arrived.records, "o", plain=arrived.plain).scan().collect()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_file_is_taken_or_set_aside_in_part_or_refused_as_it_deserves(case: Case, tmp_path: Path) -> None:
    report = tried(case, tmp_path)
    if case.refused:
        assert (report.verdict, report.diagnosis and report.diagnosis.code) == (Outcome.REFUSED, case.refused)
        assert not (tmp_path / "out" / ACCEPTED).exists()
        return
    assert report.diagnosis is None
    assert report.counts
    assert dict(report.reasons) == case.reasons
    assert report.verdict is (Outcome.PARTLY if case.reasons else Outcome.ACCEPTED)
    assert (report.counts.accepted, report.counts.duplicates) == (case.taken, case.older)
    assert report.counts.balanced
    assert len(pl.read_parquet(tmp_path / "out" / ACCEPTED)) == case.taken
    assert (tmp_path / "out" / REJECTED).exists() == bool(case.reasons)


def test_every_file_has_its_case_and_every_case_its_file() -> None:
    files = {file.name for file in FILES.iterdir() if file.suffix != ".ctl"}
    assert files == {case.file for case in CASES}
    assert len(CASES) == len(files) >= 60


def test_every_refusal_that_files_can_bring_about_has_a_case() -> None:
    elsewhere = {Refusal.BOMB}  # generated, for it is large
    assert {case.refused for case in CASES if case.refused} == set(Refusal) - elsewhere


@pytest.mark.parametrize(
    "file",
    ["windows_line_ends.csv", "utf8_bom.csv", "reordered_header.csv", "blank_lines_between.csv", "gzip.csv.gz",
     "gzip_of_two_members.csv.gz", "zip.csv.zip"],
)  # fmt: skip
def test_the_same_rows_in_another_envelope_have_the_same_digest(file: str, tmp_path: Path) -> None:
    clean, _ = records("clean.csv", "plain", tmp_path / "clean")
    other, _ = records(file, "plain", tmp_path / "other")
    assert other.canonical_sha256 == clean.canonical_sha256


@pytest.mark.parametrize("file", ["clean.ndjson", "array.json", "clean.parquet", "text_columns.parquet"])
def test_the_same_rows_in_another_format_have_the_same_digest(file: str, tmp_path: Path) -> None:
    clean, _ = records("clean.csv", "many", tmp_path / "clean")
    other, _ = records(file, "many", tmp_path / "other")
    assert other.canonical_sha256 == clean.canonical_sha256


def test_other_rows_have_another_digest(tmp_path: Path) -> None:
    clean, _ = records("clean.csv", "plain", tmp_path / "clean")
    other, _ = records("leading_zeros.csv", "plain", tmp_path / "other")
    assert other.canonical_sha256 != clean.canonical_sha256


def test_values_are_the_texts_of_the_file(tmp_path: Path) -> None:
    _, zeros = records("leading_zeros.csv", "plain", tmp_path / "zeros")
    assert zeros["id"].to_list() == ["001", "007", "003", "004"]
    _, formulas = records("formula_cells.csv", "plain", tmp_path / "formulas")
    assert formulas["label"].to_list() == ["=cmd|'/C calc'!A0", "+1+2", "-1-2", "@SUM(A1)"]
    _, words = records("null_words.csv", "plain", tmp_path / "words")
    assert words["label"].to_list() == ["NULL", "NA", "None", "nan"]
    _, quotes = records("doubled_quotes.csv", "plain", tmp_path / "quotes")
    assert quotes["label"][1] == '"fresh" Milk'
    _, big = records("big_numbers.ndjson", "many", tmp_path / "big")
    assert big["amount"].to_list() == ["2.50", "1.20", "3.10", "0.90", "1234567890123456.78"]
    _, german = records("german.csv", "german", tmp_path / "german")
    assert german["label"].to_list() == ["Tee", "Käse", "Öl", "Salz"]
    assert german["amount"].to_list() == ["2,50", "1,20", "3,10", "0,90"]


def test_a_decimal_comma_becomes_the_number_that_it_means(tmp_path: Path) -> None:
    tried(Case("german.csv", "german"), tmp_path)
    amounts = pl.read_parquet(tmp_path / "out" / ACCEPTED)["amount"]
    assert sorted(map(str, amounts)) == ["0.90", "1.20", "2.50", "3.10"]


def test_a_row_is_known_by_its_physical_line(tmp_path: Path) -> None:
    _, plain = records("clean.csv", "plain", tmp_path / "plain")
    assert plain["_line"].to_list() == ["2", "3", "4", "5"]
    # "Milk" holds two line ends, so what follows stands two lines further down.
    _, quoted = records("quoted_newlines.csv", "plain", tmp_path / "quoted")
    assert quoted["_line"].to_list() == ["2", "3", "6", "7"]
    _, spaced = records("blank_lines_between.csv", "plain", tmp_path / "spaced")
    assert spaced["_line"].to_list() == ["2", "4", "6", "8"]
    _, sheet = records("blank_rows.xlsx", "many", tmp_path / "sheet")
    assert sheet["_line"].to_list() == ["2", "4", "5", "6"]


def test_a_row_that_can_not_be_taken_apart_is_kept_as_it_came(tmp_path: Path) -> None:
    tried(Case("too_few_fields.csv", "plain"), tmp_path)
    row = pl.read_parquet(tmp_path / "out" / REJECTED).row(0, named=True)
    assert (row["_line"], row["_source"], row["_reasons"]) == (
        "6",
        "005,2026-11-20,Oil,4.00",
        "WRONG_FIELD_COUNT",
    )


CLI_CASES = ("clean.csv", "too_few_fields.csv", "one_inch_sign.csv", "formulas.xlsx", "german.csv")


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.file in CLI_CASES], ids=lambda case: case.file
)
def test_the_command_says_the_same_and_keeps_nothing_unless_it_is_asked_to(
    case: Case, tmp_path: Path
) -> None:
    write_product(case.dialect, tmp_path / "products")
    before = sorted(tmp_path.rglob("*"))
    words = ["try", NAME, str(FILES / case.file), "--products", str(tmp_path / "products"), "--day", "2026-11-20",
             "--home", str(tmp_path / "home"), "--json"]  # fmt: skip
    ended = CliRunner().invoke(cli, words)
    assert ended.exit_code == (1 if case.refused else 0), ended.output
    told = json.loads(ended.stdout)
    assert told["verdict"] == ("refused" if case.refused else "partly" if case.reasons else "accepted")
    assert (told["diagnosis"] or {}).get("code") == (case.refused.value if case.refused else None)
    assert sorted(tmp_path.rglob("*")) == before
    CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "out")])
    kept = {file.name for file in (tmp_path / "out").iterdir()}
    assert kept == {REPORT} | ({ACCEPTED} if not case.refused else set()) | (
        {REJECTED} if case.reasons else set()
    )
    assert json.loads((tmp_path / "out" / REPORT).read_text()) == told


def test_a_product_without_files_says_so(tmp_path: Path) -> None:
    words = ["try", "finance/fx_rates", str(FILES / "clean.csv"), "--home", str(tmp_path)]
    ended = CliRunner().invoke(cli, words)
    assert ended.exit_code == 1
    assert "takes no files" in str(ended.exception)


def test_a_cut_at_any_byte_is_never_silently_wrong(tmp_path: Path) -> None:
    """Of a file with a trailer nothing is taken but all of it; only the very last line end may be missing."""
    rows = [f"{n:03},2026-11-20,label {n},{n}.00,EUR\n" for n in range(1, 11)]
    # The sum of 1 to 10 is 10 * 11 / 2 = 55.
    whole = ("id,day,label,amount,currency\n" + "".join(rows) + "END,10,55.00\n").encode()
    contract, file = product("trailer", tmp_path / "products").contract, tmp_path / "cut.csv"
    taken = list[int]()
    for end in range(len(whole) + 1):
        file.write_bytes(whole[:end])
        try:
            assert arrive(file, contract, tmp_path / "scratch").rows == 10
            taken.append(end)
        except Refused:
            pass
    assert taken == [len(whole) - 1, len(whole)]


def test_only_what_a_product_joins_can_be_given_with_it(tmp_path: Path) -> None:
    words = [
        "try",
        "sales/daily_sales",
        str(FILES / "clean.csv"),
        "--with",
        f"finance/fx_rates={FILES / 'clean.parquet'}",
    ]
    ended = CliRunner().invoke(cli, [*words, "--home", str(tmp_path)])
    assert "joins nothing; 'finance/fx_rates' is not among them" in str(ended.exception)


def test_every_code_is_told_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/take-files.md").read_text(encoding="utf-8")
    assert [code for code in Refusal if f"`{code}`" not in guide] == []
    reasons = {
        reason
        for case in CASES
        for reason in case.reasons
        if not reason.endswith(("_AMOUNT", "_DATE", "_CURRENCY"))
    }
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in guide] == []
