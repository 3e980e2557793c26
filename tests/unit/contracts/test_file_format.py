from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conductor.contracts.compare import compare
from conductor.contracts.file_format import Compression, FileFormat, Format, Limits, Proof, Sidecar
from conductor.contracts.load import load, read
from conductor.contracts.steps import Step

PRODUCTS = Path(__file__).parents[3] / "products"
SHIPPED = """    value:
      formats: [csv]
      compressions: [none, gzip, zip]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the daily sales that a test may change."""
    return Path(shutil.copytree(PRODUCTS / "sales/daily_sales", tmp_path / "sales/daily_sales"))


def say(folder: Path, value: str) -> int:
    """Replace the value of `fileFormat`, and give the line on which it stands."""
    file = folder / "contract.odcs.yaml"
    text = file.read_text()
    assert SHIPPED in text
    file.write_text(text.replace(SHIPPED, f"    value: {value}\n"))
    return text[: text.index(SHIPPED)].count("\n") + 1


def test_a_file_format_is_read_in_all_its_parts(folder: Path) -> None:
    say(
        folder,
        r"""{formats: [csv], compressions: [gzip], delimiter: "\t", quote: "'", encoding: Windows-1252,
          decimalMark: ",", extraColumns: true, openEnd: true, trailer: {pattern: "(?P<rows>[0-9]+)"},
          sidecar: {suffix: .ctl, pattern: "(?P<total>[0-9]+)", total: amount}, limits: {bytes: 5, fieldBytes: 3}}""",
    )
    contract = load(folder).contract
    assert contract.file_format == FileFormat(
        formats=(Format.CSV,),
        compressions=(Compression.GZIP,),
        delimiter="\t",
        quote="'",
        encoding="cp1252",
        decimal_mark=",",
        extra_columns=True,
        open_end=True,
        trailer=Proof("(?P<rows>[0-9]+)"),
        sidecar=Sidecar("(?P<total>[0-9]+)", "amount", ".ctl"),
        limits=Limits(bytes=5, field_bytes=3),
    )
    marks = {field.name: field.decimal_mark for field in contract.fields}
    assert (marks["amount"], marks["quantity"], marks["line_no"]) == (",", ",", ".")


def test_a_product_of_an_api_has_none() -> None:
    assert load(PRODUCTS / "finance/fx_rates").contract.file_format is None


def test_files_bring_the_columns_that_fields_name_and_no_others() -> None:
    contract = load(PRODUCTS / "sales/customers").contract
    assert contract.delivered == (
        "customer_id", "name", "email", "phone", "country", "since", "yearly_spend", "currency", "active", "updated_at",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{format: [csv]}", "`format` is not a key of `fileFormat`; did you mean `formats`?"),
        ("{formats: [cvs]}", "`formats` cannot be `cvs`; did you mean `csv`?"),
        ("{compressions: [rar]}", "`compressions` cannot be `rar`"),
        ("{encoding: utf-9}", "there is no encoding `utf-9`"),
        ("{encoding: base64}", "there is no encoding `base64`"),
        ("{delimiter: ';;'}", "`delimiter` is one character, not `;;`"),
        ("{delimiter: '\"'}", "`delimiter` and `quote` are two characters"),
        ("{delimiter: '§'}", "are characters of ASCII"),
        ("{decimalMark: 'x'}", "`decimalMark` is a point or a comma"),
        ("{formats: [csv, json], decimalMark: ','}", "it needs a product of its own"),
        ("{header: none}", "`header` has to be true or false"),
        (
            "{header: false, extraColumns: true}",
            "without a `header` nobody could tell which columns are extra",
        ),
        ("{formats: [ndjson], header: false}", "a `header` is one of csv"),
        ("{extraColumns: perhaps}", "`extraColumns` has to be true or false"),
        ("{sheet: Sales}", "a `sheet` is one of xlsx"),
        ("{formats: [parquet], encoding: cp1252}", "`encoding` is of csv, ndjson and json"),
        ("{formats: [json], trailer: {pattern: '(?P<rows>x)'}}", "a `trailer` is the last line of csv"),
        ("{trailer: {pattern: '('}}", "this is not a pattern"),
        ("{trailer: {pattern: 'END'}}", "a proof has the groups"),
        ("{trailer: {pattern: '(?P<total>[0-9]+)'}}", "a group `total` needs `total`"),
        ("{trailer: {pattern: '(?P<total>[0-9]+)', total: amounts}}", "did you mean `amount`?"),
        ("{sidecar: {pattern: '(?P<rows>[0-9]+)'}}", "a sidecar needs a `suffix`"),
        ("{limits: {byte: 5}}", "did you mean `bytes`?"),
        ("{limits: {rows: 0}}", "the limit `rows` is a whole number above 0"),
    ],
)
def test_what_is_wrong_with_a_file_format_is_said_with_its_line(folder: Path, value: str, said: str) -> None:
    line = say(folder, value)
    faults = read(folder).faults
    assert [fault.sentence for fault in faults if said in fault.sentence], faults
    of_value = [fault for fault in faults if "a proof sums" not in fault.sentence]
    assert all(fault.line == line for fault in of_value)


def test_another_file_format_breaks_for_who_sends_files(folder: Path) -> None:
    before = load(folder).contract
    say(folder, "{formats: [csv], delimiter: ';'}")
    changes = compare(before, load(folder).contract).changes
    assert [change.step for change in changes] == [Step.MAJOR]
