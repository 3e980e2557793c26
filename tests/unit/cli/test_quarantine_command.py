from __future__ import annotations

import stat
from pathlib import Path

import polars as pl
import pytest

from conductor.errors import FixTheConfiguration, NotFound
from conductor.quality.corrected_file import read_corrected
from conductor.quality.corrections import Edit, extract
from conductor.values import Refined

from .office import AMOUNT, ITEM, LONG_NAME, NAME, ROWS, SLOT, START, Office


def test_the_list_tells_of_the_newest_version_alone_and_of_all_when_asked(office: Office) -> None:
    first = office.refine("a" * 32, ROWS)
    second = office.refine("b" * 32, ROWS[:1])
    newest, *others = office.read("quarantine", "list")
    assert (newest["batch"], newest["version"], newest["rows"]) == (second.id, 2, 1)
    assert newest["slot"] == SLOT.id
    assert others == []
    every = office.read("quarantine", "list", "--all")
    assert [(each["batch"], each["rows"]) for each in every] == [(second.id, 1), (first.id, 3)]
    assert every[1]["reasons"]["BAD_AMOUNT"] == 1


def test_a_slot_whose_newest_version_rejected_nothing_is_not_listed(office: Office) -> None:
    office.refine("a" * 32, ROWS)
    office.refine("b" * 32, [])
    assert office.read("quarantine", "list") == []
    assert "no rows are set aside" in office.run("quarantine", "list").stdout


def test_rows_are_shown_with_what_the_rules_looked_at_and_personal_values_masked(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS)
    amount, item, name = office.read("quarantine", "show", batch.id)
    assert (amount["document"], amount["line"], amount["reasons"]) == ("17", "1", ["BAD_AMOUNT"])
    assert amount["looked_at"] == {AMOUNT: "=12,3"}
    assert item["reasons"] == ["MISSING_ITEM", "NEGATIVE_QUANTITY"]
    assert item["looked_at"][ITEM] is None
    assert item["looked_at"][AMOUNT] == "5.00"
    assert name["looked_at"] == {NAME: "•••"}
    assert "Lovelace" not in office.run("quarantine", "show", batch.id).stdout


def test_rows_of_one_reason_are_chosen_and_their_number_is_bounded(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS)
    chosen = office.read("quarantine", "show", batch.id, "--reason", "NEGATIVE_QUANTITY")
    assert [row["document"] for row in chosen] == ["18"]
    assert len(office.read("quarantine", "show", batch.id, "--limit", 2)) == 2


def test_a_reason_that_no_row_has_is_answered_with_those_that_there_are(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS)
    error = office.run("quarantine", "show", batch.id, "--reason", "NO_RATE").exception
    assert isinstance(error, FixTheConfiguration)
    assert "BAD_AMOUNT" in error.sentence


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(office: Office) -> None:
    row = ROWS[0] | {AMOUNT: "\x1b]0;owned\x07[/bold]"}
    batch = office.refine("a" * 32, [row])
    result = office.run("quarantine", "show", batch.id)
    assert result.exit_code == 0
    assert "\x1b]0" not in result.stdout
    assert "[/bold]" in result.stdout


@pytest.mark.parametrize("name", ["rejected.csv", "rejected.parquet"])
def test_an_export_is_what_replay_takes_back(office: Office, tmp_path: Path, name: str) -> None:
    batch = office.refine("a" * 32, ROWS)
    file = tmp_path / name
    told = office.read("quarantine", "export", batch.id[:8], file, "--reveal", "--by", "Grace")
    assert (told["rows"], told["batch"]) == (3, batch.id)
    back = [{key: value or None for key, value in row.items()} for row in read_corrected(file)]
    assert sorted(back, key=lambda row: row["_document"] or "") == ROWS
    assert back[0].keys() == ROWS[0].keys()
    assert LONG_NAME in [row[NAME] for row in back]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each != office.home] == [name]


@pytest.mark.parametrize("name", ["rejected.csv", "rejected.parquet"])
def test_an_export_masks_what_need_not_be_seen_and_comes_back_without_harm(
    office: Office, tmp_path: Path, name: str
) -> None:
    """A column that the contract does not read, which nobody classified, is masked, too; a missing value stays missing."""
    rows = [row | {"BillAddr.Line1": "12 St James's Square"} for row in ROWS[:1]]
    rows += [row | {"BillAddr.Line1": None} for row in ROWS[1:]]
    batch, file = office.refine("a" * 32, rows), tmp_path / name
    office.run("quarantine", "export", batch.id, file)
    assert "James" not in file.read_bytes().decode(errors="replace")
    back = sorted(read_corrected(file), key=lambda row: row["_document"] or "")
    assert [row[NAME] for row in back] == ["•••"] * 3
    assert [row["BillAddr.Line1"] or None for row in back] == ["•••", None, None]
    assert [row[AMOUNT] for row in back] == ["=12,3", "5.00", "7.00"]

    mended = tmp_path / f"mended{file.suffix}"
    frame = pl.DataFrame([back[0] | {AMOUNT: "12.30"}])
    frame.write_csv(mended) if file.suffix == ".csv" else frame.write_parquet(mended)
    ledger, lake = office.workspace.ledger, office.workspace.lake
    refined = ledger.remembered(batch.id, "refine", Refined)
    assert refined
    (base,) = ledger.objects(SLOT)
    edit = Edit(by="Ada", reason="amounts", file=mended)
    made = extract(lake, refined, base, edit, tmp_path / "made", START)
    assert made.records
    (record,) = pl.read_parquet(made.records.path).to_dicts()
    assert (record[AMOUNT], record[NAME], record["BillAddr.Line1"]) == ("12.30", "Bo", "12 St James's Square")


@pytest.mark.parametrize("verb", ["show", "export"])
def test_personal_values_are_revealed_to_who_says_its_name_and_that_is_kept(
    office: Office, tmp_path: Path, verb: str
) -> None:
    batch = office.refine("a" * 32, ROWS)
    words = ["quarantine", verb, batch.id, *([tmp_path / "rows.csv"] if verb == "export" else [])]
    refused = office.run(*words, "--reveal").exception
    assert isinstance(refused, FixTheConfiguration)
    assert office.workspace.ledger.notes(batch.id) == ()
    assert not (tmp_path / "rows.csv").exists()

    told = office.run(*words, "--reveal", "--by", "Grace")
    shown = told.stdout if verb == "show" else (tmp_path / "rows.csv").read_text(encoding="utf-8-sig")
    assert "Lovelace" in shown
    (note,) = office.workspace.ledger.notes(batch.id)
    assert (note.by, note.text) == ("Grace", f"quarantine {verb} with the personal values of 3 rejected rows")
    assert "Grace" in office.run("explain", batch.id).stdout


def test_an_export_never_goes_over_a_file_unless_told_to(office: Office, tmp_path: Path) -> None:
    batch = office.refine("a" * 32, ROWS)
    file = tmp_path / "rejected.parquet"
    file.write_text("half a day of somebody's work")
    error = office.run("quarantine", "export", batch.id, file).exception
    assert isinstance(error, FixTheConfiguration)
    assert file.read_text() == "half a day of somebody's work"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["home", file.name]
    assert office.run("quarantine", "export", batch.id, file, "--overwrite").exit_code == 0
    assert pl.read_parquet(file).height == 3


def test_an_export_to_an_unknown_kind_of_file_is_a_usage_error(office: Office, tmp_path: Path) -> None:
    batch = office.refine("a" * 32, ROWS)
    assert office.run("quarantine", "export", batch.id, tmp_path / "rows.xlsx").exit_code == 2


def test_a_batch_without_rejected_rows_says_so(office: Office) -> None:
    batch = office.refine("a" * 32, [])
    assert isinstance(office.run("quarantine", "show", batch.id).exception, NotFound)
    assert isinstance(office.run("quarantine", "show", "feedbeef").exception, FixTheConfiguration)
