"""A correction names the rows it replaces, holds nothing that did not change, and is the same however often it is made."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from conductor.contracts.rules import RAW
from conductor.engines.polars_records import NUMBER, OBJECT, SUPERSEDED, scan_records
from conductor.engines.protocol import RecordsFile
from conductor.engines.row_text import row_text
from conductor.errors import FixTheConfiguration, FixTheData
from conductor.quality.corrections import Edit, extract
from conductor.quality.quarantine import export, quarantine
from conductor.stores import StoreKind, open_store
from conductor.stores.protocol import Store
from conductor.values import Extract, Landed, Refined, StoredPart
from quality.batches import a_batch, a_refined, counted

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BASE = "b" * 32
COMMON = {"_object": BASE, "_contract_version": "1.2.0", "_batch": a_batch().id}
REJECTED: list[dict[str, str | None]] = [
    {"Id": "7", "Line.Amount": "abc", "Note": None, "_document": "7", "_line": "1", "_reasons": "BAD"}
    | COMMON,
    {"Id": "7", "Line.Amount": "def", "Note": "=1+1", "_document": "7", "_line": "2", "_reasons": "BAD"}
    | COMMON,
    {"Id": "8", "Line.Amount": "", "Note": "n", "_document": "8", "_line": "1", "_reasons": "BAD"} | COMMON,
]
PART = StoredPart(key="raw/x", size=1, sha256="0")
LANDED = Landed(
    slot=a_batch().slot,
    object_id=BASE,
    source="quickbooks",
    parts=(),
    records=PART,
    manifest=PART,
    rows=3,
    documents=2,
    canonical_sha256="0",
    as_of=AT,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(StoreKind.FOLDER, root=tmp_path / "lake")


@pytest.fixture
def refined(tmp_path: Path, store: Store) -> Refined:
    return set_aside(tmp_path, store, REJECTED)


def set_aside(tmp_path: Path, store: Store, rejected: list[dict[str, str | None]]) -> Refined:
    path = tmp_path / "rejected.parquet"
    pl.DataFrame(rejected).write_parquet(path)
    return a_refined(counted(10, len(rejected)), rejected=quarantine(store, a_batch(), path))


def made(tmp_path: Path, store: Store, refined: Refined, *, name: str = "made", **edit: object) -> Extract:
    by_and_why: dict[str, object] = {"by": "Ada", "reason": "typing error"}
    return extract(store, refined, LANDED, Edit(**(by_and_why | edit)), tmp_path / name, AT)  # pyright: ignore[reportArgumentType]


def records(found: Extract) -> list[dict[str, str | None]]:
    return pl.read_parquet(found.records.path).to_dicts()


def exported(tmp_path: Path, **changed: str) -> Path:
    """Export all rows and set cells of the first, as a person does in a spreadsheet."""
    path = tmp_path / "mended.csv"
    export(pl.DataFrame(REJECTED), path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= {name.replace("__", "."): value for name, value in changed.items()}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_an_assignment_changes_the_rows_that_it_names_and_no_others(
    tmp_path: Path, store: Store, refined: Refined
) -> None:
    found = made(
        tmp_path, store, refined, assignments={"Line.Amount": "5.00"}, where={"_document": "7", "_line": "2"}
    )
    assert records(found) == [
        {
            "Id": "7",
            "Line.Amount": "5.00",
            "Note": "=1+1",
            "_document": "7",
            "_line": "2",
            "_corrects": "Id=7\x1fLine.Amount=def\x1fNote==1+1\x1f_document=7",
        }
    ]


def test_a_correction_says_what_it_is_who_made_it_and_why(
    tmp_path: Path, store: Store, refined: Refined
) -> None:
    found = made(tmp_path, store, refined, assignments={"Line.Amount": "5.00"}, where={"_line": "1"})
    assert (found.source, found.corrects, found.slot, found.as_of) == (
        "correction:quickbooks",
        BASE,
        a_batch().slot,
        AT,
    )
    assert "Ada" in found.request
    assert "typing error" in found.request
    assert (found.rows, found.documents) == (2, 2)
    original = json.loads(Path(found.parts[0].path).read_text())
    assert original == {
        "by": "Ada",
        "reason": "typing error",
        "set": {"Line.Amount": "5.00"},
        "where": {"_line": "1"},
    }


def test_an_export_that_comes_back_changed_in_one_cell_is_one_row(
    tmp_path: Path, store: Store, refined: Refined
) -> None:
    file = exported(tmp_path, Line__Amount="5.00")
    found = made(tmp_path, store, refined, file=file)
    assert [(row["Line.Amount"], row["_line"], row["_corrects"]) for row in records(found)] == [
        ("5.00", "1", row_text(REJECTED[0]))
    ]
    assert [Path(part.path).read_bytes() for part in found.parts] == [file.read_bytes()]
    assert found.parts[0].name == "correction.csv"


def test_an_export_that_comes_back_unchanged_is_no_correction(
    tmp_path: Path, store: Store, refined: Refined
) -> None:
    with pytest.raises(FixTheData, match="differs in nothing"):
        made(tmp_path, store, refined, file=exported(tmp_path))


def test_an_emptied_cell_is_a_missing_value(tmp_path: Path, store: Store, refined: Refined) -> None:
    found = made(tmp_path, store, refined, file=exported(tmp_path, Line__Amount=""))
    assert [row["Line.Amount"] for row in records(found)] == [None]


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
def test_rows_may_come_as_json_or_parquet_with_some_columns(
    tmp_path: Path, store: Store, refined: Refined, suffix: str
) -> None:
    mended = [{"_document": "8", "_line": "1", "Line.Amount": "9.50"}]
    file = tmp_path / f"mended{suffix}"
    if suffix == ".json":
        file.write_text('[{"_document": 8, "_line": 1, "Line.Amount": 9.50}]')
    else:
        pl.DataFrame(mended).write_parquet(file)
    found = made(tmp_path, store, refined, file=file)
    assert [(row["Line.Amount"], row["Note"], row["_corrects"]) for row in records(found)] == [
        ("9.50", "n", row_text(REJECTED[2]))
    ]


def test_the_same_correction_is_the_same_object(tmp_path: Path, store: Store, refined: Refined) -> None:
    edit = {"assignments": {"Line.Amount": "5.00"}, "where": {"_document": "7", "_line": "1"}}
    one = made(tmp_path, store, refined, name="one", **edit)
    two = made(tmp_path, store, refined, name="two", file=exported(tmp_path, Line__Amount="5.00"))
    other = made(tmp_path, store, refined, name="three", **(edit | {"assignments": {"Line.Amount": "5.01"}}))
    assert one.object_id == two.object_id != other.object_id
    assert one.records.sha256 == two.records.sha256


def test_an_engine_replaces_exactly_the_rows_that_a_correction_names(
    tmp_path: Path, store: Store, refined: Refined
) -> None:
    base = tmp_path / "base.parquet"
    good = {"Id": "9", "Line.Amount": "1.00", "Note": None, "_document": "9", "_line": "1"}
    plain = [{name: row[name] for name in good} for row in REJECTED]
    pl.DataFrame([good, *plain]).write_parquet(base)
    found = made(tmp_path, store, refined, assignments={"Line.Amount": "5.00"}, where={"_document": "7"})
    seen = scan_records(
        [RecordsFile(base, BASE), RecordsFile(Path(found.records.path), found.object_id, corrects=BASE)]
    ).collect()
    replaced = seen.filter(SUPERSEDED).select(OBJECT, RAW + "_document", NUMBER).rows()
    assert sorted(replaced) == [(BASE, "7", 1), (BASE, "7", 2)]
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"assignments": {"Amount": "1"}, "where": {}}, "'Amount' is no column"),
        ({"assignments": {"_line": "9"}, "where": {}}, "'_line' is no column"),
        ({"assignments": {"Note": "x"}, "where": {"Nope": "1"}}, "'Nope' is no column"),
        (
            {"assignments": {"Note": "x"}, "where": {"_line": "3"}},
            "no rejected row has all the values asked for of _line",
        ),
        ({"assignments": {"Note": "n"}, "where": {"Id": "8"}}, "differs in nothing"),
    ],
)
def test_an_assignment_that_fits_nothing_is_refused(
    tmp_path: Path, store: Store, refined: Refined, edit: dict[str, object], sentence: str
) -> None:
    with pytest.raises(FixTheData, match=sentence):
        made(tmp_path, store, refined, **edit)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("m.csv", "_document,_line,Note\n7,3,x\n", "_document=7, _line=3 is no rejected row"),
        ("m.csv", "_document,_line,Note\n7,1,x\n7,1,y\n", "or is named twice"),
        ("m.csv", "_line,Note\n1,x\n", "stands for 2 rejected rows"),
        ("m.csv", "_document,Note\n7,x\n", "does not say in _line"),
        ("m.csv", "_document,_line,Nope\n7,1,x\n", "'Nope' is no column"),
        ("m.csv", "_document,_line,Note\n7,1\n", "row 2"),
        ("m.csv", "_document,_line,Note,Note\n7,1,x,y\n", "names a column twice"),
        ("m.csv", "_document,_line,Note\n", "has to hold rows"),
        ("m.csv", "", "has to hold rows"),
        ("m.json", '{"_line": "1"}', "list of rows"),
        ("m.json", '["_line"]', "list of rows"),
        ("m.json", '[{"_document": "7", "_line": "1", "Note": ["x"]}]', "Note holds something else"),
        ("m.json", "[{", "can't be read as .json"),
        ("m.parquet", "no parquet", "can't be read as .parquet"),
        ("m.xlsx", "no", "is none of .csv, .json, .parquet"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(
    tmp_path: Path, store: Store, refined: Refined, name: str, content: str, sentence: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(FixTheData, match=sentence):
        made(tmp_path, store, refined, file=file)


def test_bytes_that_are_no_utf_8_are_refused(tmp_path: Path, store: Store, refined: Refined) -> None:
    file = tmp_path / "m.csv"
    file.write_bytes("_document,_line,Note\n7,1,ä\n".encode("latin-1"))
    with pytest.raises(FixTheData, match=r"can't be read as \.csv"):
        made(tmp_path, store, refined, file=file)


def test_numbers_that_a_program_made_of_text_are_refused(
    tmp_path: Path, store: Store, refined: Refined
) -> None:
    file = tmp_path / "m.parquet"
    pl.DataFrame({"_document": ["7"], "_line": ["1"], "Line.Amount": [12.3]}).write_parquet(file)
    with pytest.raises(FixTheData, match=r"Line\.Amount is not text"):
        made(tmp_path, store, refined, file=file)


def test_a_row_with_a_twin_is_corrected_only_together_with_it(tmp_path: Path, store: Store) -> None:
    twins = [REJECTED[0], REJECTED[0] | {"_line": "5"}]
    refined = set_aside(tmp_path, store, twins)
    with pytest.raises(FixTheData, match="_line=5 has the same content"):
        made(tmp_path, store, refined, assignments={"Line.Amount": "5.00"}, where={"_line": "1"})
    both = made(tmp_path, store, refined, assignments={"Line.Amount": "5.00"})
    assert [(row["_line"], row["_corrects"]) for row in records(both)] == [
        ("1", row_text(REJECTED[0])),
        ("5", row_text(REJECTED[0])),
    ]


@pytest.mark.parametrize("missing", ["by", "reason"])
def test_a_correction_without_a_name_or_a_reason_is_refused(
    tmp_path: Path, store: Store, refined: Refined, missing: str
) -> None:
    with pytest.raises(FixTheConfiguration, match="who makes it and why"):
        made(tmp_path, store, refined, assignments={"Note": "x"}, **{missing: " "})


def test_a_batch_without_rejected_rows_has_nothing_to_correct(tmp_path: Path, store: Store) -> None:
    with pytest.raises(FixTheData, match="no rejected rows"):
        made(tmp_path, store, a_refined(counted(3)), assignments={"Note": "x"})
