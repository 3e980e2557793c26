"""Rules of `type: sql` and bounds that are not allowed themselves: compiled exactly, or refused with line and key."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from conductor.contracts.bounds import Bounds
from conductor.contracts.compare import compare
from conductor.contracts.dialects import DUCKDB, POLARS, Dialect
from conductor.contracts.examine import examine
from conductor.contracts.load import load, read
from conductor.contracts.model import Contract, Figure, RowCount, Rule, Severity
from conductor.contracts.rules import RAW, REASONS, check_sql
from conductor.contracts.steps import Step

PRODUCTS = Path(__file__).parents[3] / "products"
CUSTOM = "        type: custom\n        engine: cloud-conductor\n        implementation: business_date = slot_day\n"
COUNTING = "        type: sql\n        query: {query}\n        mustBe: 0\n"
DATASET = "    description: One row per currency pair and day.\n"
TOTAL = "SELECT SUM(rate) FROM ${{object}} WHERE currency <> 'GBP'"
RATES = ["0.5", "1", "1.5", "98.999999", "99", None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rates, never given out, that a test may change."""
    copy = Path(shutil.copytree(PRODUCTS / "finance/fx_rates", tmp_path / "finance/fx_rates"))
    (copy / "released.odcs.yaml").unlink()
    return copy


def change(folder: Path, old: str, new: str) -> Contract:
    edit(folder, old, new)
    return load(folder).contract


def edit(folder: Path, old: str, new: str) -> int:
    """Replace the first `old` and give the line, from 1, where `new` begins."""
    file = folder / "contract.odcs.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def figure(folder: Path, query: str, comparison: str, more: str = "") -> int:
    rule = f'      - {{name: TOTAL, type: sql, query: "{query}", {comparison}{more}}}\n'
    return edit(folder, DATASET, f"{DATASET}    quality:\n{rule}") + 2


def reasons(contract: Contract, dialect: Dialect, rates: list[str | None]) -> list[str]:
    """Judge rows that are good but for what their rate may be."""
    texts = {
        "SourceCurrencyCode": "EUR",
        "TargetCurrencyCode": "USD",
        "AsOfDate": "2026-11-20",
        "MetaData.LastUpdatedTime": "2026-11-20T10:00:00Z",
        "_day": "2026-11-20",
    }
    records = pl.DataFrame({"rate": rates}, schema={"rate": pl.String}).select(
        pl.col("rate").alias(f"{RAW}Rate"), *(pl.lit(text).alias(RAW + name) for name, text in texts.items())
    )
    sql = check_sql(contract, dialect)
    if dialect is POLARS:
        return pl.SQLContext({"records": records}).execute(sql, eager=True)[REASONS].to_list()
    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern)")
        connection.register("records", records.to_arrow())
        return connection.execute(sql).pl()[REASONS].to_list()


@pytest.mark.parametrize("dialect", [POLARS, DUCKDB], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("named", ["records", "${object}", "{object}"])
def test_a_query_that_counts_bad_rows_gives_each_of_them_a_reason(folder: Path, dialect: Dialect, named: str):
    query = f"SELECT COUNT(*) FROM {named} WHERE rate > 1 AND rate < 99"
    contract = change(folder, CUSTOM, COUNTING.format(query=query))
    told = reasons(contract, dialect, RATES)
    assert told == ["", "", "OTHER_DAY", "OTHER_DAY", "", "MISSING_RATE"]  # the rule keeps its name


@pytest.mark.parametrize("dialect", [POLARS, DUCKDB], ids=lambda dialect: dialect.name)
def test_bounds_that_are_not_allowed_themselves_exclude_just_these(folder: Path, dialect: Dialect):
    contract = change(
        folder, "{minimum: 0.000001, maximum: 99}", "{exclusiveMinimum: 1, exclusiveMaximum: 99}"
    )
    told = reasons(contract, dialect, RATES)
    out = "OUT_OF_RANGE_RATE"
    assert told == [out, out, "", "", out, "MISSING_RATE"]


def test_a_date_after_a_day_begins_with_the_next(folder: Path):
    typed = "        logicalType: date\n        required: true\n        description: Day that the rate holds for.\n"
    bound = typed.replace(
        "required: true\n", "required: true\n        logicalTypeOptions: {exclusiveMinimum: '2024-02-28', exclusiveMaximum: '2024-03-01'}\n"
    )  # fmt: skip
    field = next(each for each in change(folder, typed, bound).fields if each.name == "business_date")
    assert (field.minimum, field.maximum) == ("2024-02-29", "2024-02-29")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("{exclusiveMinimum: 0.0000005}", "the bound 0.0000005 of rate is not a value of its type"),
        ("{minimum: 0.1, exclusiveMinimum: 0.1}", "rate has `minimum` and `exclusiveMinimum`; write one"),
        (
            "{exclusiveMinimum: 1, exclusiveMaximum: 1.000001}",
            "rate has to be at least 1.000001 and at most 1",
        ),
        (
            "{exclusiveMaximum: 999999.999999, multipleOf: 2}",
            "`multipleOf` of a decimal column is not checked",
        ),
    ],
)
def test_bounds_that_cannot_be_are_told_with_their_line(folder: Path, options: str, said: str):
    line = edit(folder, "{minimum: 0.000001, maximum: 99}", options)
    assert any(fault.line == line and said in fault.sentence for fault in read(folder).faults)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM records",
        "SELECT COUNT(rate) FROM records WHERE rate > 1",
        "SELECT COUNT(*) FROM records WHERE rate > 1 GROUP BY currency",
        "SELECT SUM(rate) FROM records WHERE rate > 1",
        "SELECT COUNT(*) FROM others WHERE rate > 1",
        "SELECT COUNT(* FROM",
    ],
)
def test_a_query_over_the_records_that_does_not_count_bad_rows_is_refused(folder: Path, query: str):
    line = edit(folder, CUSTOM, COUNTING.format(query=query))
    assert (line + 1, True) in {
        (fault.line, "a SQL rule of the records counts bad rows" in fault.sentence)
        for fault in read(folder).faults
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT COUNT(*) FROM records WHERE TRIM(currency) = ''", "TRIM(currency) is not on the list"),
        ("SELECT COUNT(*) FROM records WHERE rates > 1", "there is no field rates"),
    ],
)
def test_a_counting_query_is_made_of_what_all_engines_compute_alike(folder: Path, query: str, said: str):
    edit(folder, CUSTOM, COUNTING.format(query=query))
    assert any(said in fault.sentence for fault in read(folder).faults)


def test_some_bad_rows_may_not_be(folder: Path):
    query = "SELECT COUNT(*) FROM records WHERE rate > 1"
    edit(folder, CUSTOM, COUNTING.format(query=query).replace("mustBe: 0", "mustBe: 3"))
    assert any("`mustBe: 0`" in fault.sentence for fault in read(folder).faults)


def test_a_figure_of_the_dataset_is_read(folder: Path):
    figure(folder, TOTAL.format(), "mustBeLessThan: 250.5", ", severity: warning")
    assert load(folder).contract.figures == (
        Figure(
            "TOTAL",
            "SELECT SUM(rate) FROM fx_rates WHERE currency <> 'GBP'",
            "",
            Bounds(most=Decimal("250.5"), exclusive=True),
            Severity.WARNING,
        ),
    )
    assert not examine(read(folder), []).faults


@pytest.mark.parametrize(
    ("query", "comparison", "said"),
    [
        ("SELECT rate FROM fx_rates", "mustBe: 1", "gives one number"),
        ("SELECT SUM(rate), COUNT(*) FROM fx_rates", "mustBe: 1", "gives one number"),
        ("SELECT SUM(rate) FROM fx_rates GROUP BY currency", "mustBe: 1", "gives one number"),
        ("SELECT SUM(rate) OVER (ORDER BY currency) FROM fx_rates", "mustBe: 1", "gives one number"),
        (
            "SELECT rate FROM fx_rates WHERE rate = (SELECT MAX(rate) FROM fx_rates)",
            "mustBe: 1",
            "gives one number",
        ),
        ("SELECT AVG(rate) FROM fx_rates", "mustBe: 1", "AVG(rate) is not on the list"),
        ("SELECT SUM(price) FROM fx_rates", "mustBe: 1", "there is no column price"),
        ("SELECT SUM(rate) FROM records", "mustBe: 1", "there is no table records"),
        ("SELECT SUM(rate) FROM fx_rates", "mustBe: many", "`mustBe` has to be a number"),
        ("SELECT SUM(rate) FROM fx_rates", "mustBeBetween: [3, 1]", "two in their order"),
        (
            "SELECT SUM(rate) FROM fx_rates",
            "mustNotBe: 1",
            "`mustNotBe` is part of the standard, but nothing",
        ),
    ],
)
def test_a_figure_that_nobody_could_judge_is_refused_at_its_line(
    folder: Path, query: str, comparison: str, said: str
):
    line = figure(folder, query, comparison)
    assert any(fault.line == line and said in fault.sentence for fault in read(folder).faults)


def test_a_figure_that_an_engine_cannot_compute_is_told_at_its_line(folder: Path):
    line = figure(folder, "SELECT MAX(business_date) FROM fx_rates", "mustBe: 1")
    found = examine(read(folder), [])
    assert {
        (fault.line, "a figure is a whole or decimal number" in fault.sentence) for fault in found.faults
    } == {(line, True)}


@pytest.mark.parametrize("name", ["year", "month", "day"])
def test_a_column_named_like_a_folder_of_the_files_is_refused_at_its_line(folder: Path, name: str):
    column = f"      - name: {name}\n        logicalType: integer\n        description: Part of the date.\n"
    last = "      - name: updated_at\n        logicalType: timestamp\n        description: When the source last changed the rate, UTC.\n"
    line = edit(folder, last, last + column) + 3
    (fault,) = read(folder).faults
    assert fault.line == line
    assert f"`{name}` cannot name a column of the dataset" in fault.sentence


def test_a_field_of_the_records_may_be_named_so(folder: Path):
    change(
        folder,
        "    quality:\n      - name: OTHER_DAY\n",
        "      - {name: year, physicalName: Year, logicalType: integer, description: Part.}\n    quality:\n      - name: OTHER_DAY\n",
    )


@pytest.mark.parametrize(
    ("comparison", "count"),
    [
        ("mustBe: 3", RowCount(3, 3)),
        ("mustBeGreaterThan: 3", RowCount(4, None)),
        ("mustBeLessThan: 3", RowCount(None, 2)),
        ("mustBeGreaterOrEqualTo: 3", RowCount(3, None)),
        ("mustBeBetween: [3, 7]", RowCount(3, 7)),
    ],
)
def test_numbers_of_rows_are_compared_in_all_words_of_the_standard(
    folder: Path, comparison: str, count: RowCount
):
    contract = change(
        folder,
        DATASET,
        f"{DATASET}    quality:\n      - {{type: library, metric: rowCount, {comparison}}}\n",
    )
    assert contract.row_counts == (count,)


@pytest.mark.parametrize(
    ("bounds", "units"),
    [
        (Bounds(Decimal("0"), None, exclusive=True), (1, None)),
        (Bounds(None, Decimal("0.005"), exclusive=True), (None, 0)),  # 0.00 is below half a cent
        (Bounds(Decimal("0.005"), None, exclusive=True), (1, None)),
        (Bounds(Decimal("-0.005"), Decimal("0.005")), (0, 0)),
        (Bounds(Decimal("1.5"), Decimal("2.25")), (150, 225)),
        (Bounds(Decimal("9" * 36 + ".01"), exclusive=True), (int("9" * 36 + "02"), None)),
    ],
)
def test_bounds_in_cents_are_those_of_the_exact_number(bounds: Bounds, units: tuple[int | None, int | None]):
    assert bounds.in_units(2) == units


def test_a_new_figure_breaks_who_delivers_and_one_that_is_gone_does_not(folder: Path):
    before = load(folder).contract
    figure(folder, TOTAL.format(), "mustBe: 1")
    after = load(folder).contract
    assert [change.step for change in compare(before, after).changes] == [Step.MAJOR]
    assert [change.step for change in compare(after, before).changes] == [Step.MINOR]


def test_a_counting_rule_is_a_rule_like_any_other(folder: Path):
    query = "SELECT COUNT(*) FROM ${schema} WHERE rate IS NULL"
    contract = change(folder, CUSTOM, COUNTING.format(query=f'"{query}"'))
    assert contract.rules == (
        Rule("OTHER_DAY", "NOT (rate IS NULL)", "A rate belongs to the day that was asked for."),
    )
