from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conductor.contracts.load import discover, load, read, survey
from conductor.contracts.model import Agreement, Control, Kind, RowCount, Severity
from conductor.errors import FixTheConfiguration

PRODUCTS = Path(__file__).parents[3] / "products"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the receipts that a test may break."""
    return Path(shutil.copytree(PRODUCTS / "finance/sales_receipts", tmp_path / "finance/sales_receipts"))


def change(folder: Path, old: str, new: str, file: str = "contract.odcs.yaml") -> int:
    """Replace the first `old` and give the line, from 1, where `new` begins."""
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_products_are_sound_and_fit_together():
    products = discover([PRODUCTS])
    assert set(products) >= {"finance/sales_receipts", "finance/fx_rates", "sales/product_catalogue"}


def test_a_contract_is_read_in_all_its_parts():
    contract = load(PRODUCTS / "finance/sales_receipts").contract
    assert (contract.dataset, contract.version, contract.owner) == (
        "finance/sales_receipts",
        "1.0.0",
        "finance-data",
    )
    assert (contract.source, contract.entity, contract.lookback_days) == ("quickbooks", "SalesReceipt", 30)
    assert (contract.key, contract.newest) == (("receipt_id", "line_id"), ("sync_token", "updated_at"))
    assert (contract.day, contract.control) == ("business_date", Control("currency", "amount"))
    assert contract.references == ("sales/product_catalogue", "finance/fx_rates")
    assert contract.agreements[0] == Agreement("latency", "6", "h")
    field = next(field for field in contract.fields if field.name == "amount")
    assert (field.path, field.kind, field.precision, field.scale) == ("Line.Amount", Kind.DECIMAL, 18, 2)
    name = next(column for column in contract.columns if column.name == "customer_name")
    assert (name.classification, name.max_length, name.required) == ("personal", 500, False)
    rate = next(column for column in contract.columns if column.name == "rate")
    assert (rate.minimum, rate.maximum) == ("0.000001", "99")
    assert {rule.severity for rule in contract.rules} == {Severity.ERROR}
    assert contract.foreign_keys[1].columns == ("currency", "business_date")
    assert contract.foreign_keys[1].unless == "currency = 'USD'"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("required: true", "requird: true", "`requird` is not a key here; did you mean `required`?"),
        ("logicalType: date", "logicalType: dat", "`logicalType` cannot be `dat`; did you mean `date`?"),
        ("team:", "taem:", "`taem` is not a key here; did you mean `team`?"),
        ("maxLength: 21", "maxLenght: 21", "`maxLenght` is not a key here; did you mean `maxLength`?"),
        ("maxLength: 21", "format: email", "`format` of a text column is not checked here"),
        (
            "property: newest",
            "property: newst",
            "`newst` is not a property of a product; did you mean `newest`?",
        ),
        ("DECIMAL(18,6)", "DOUBLE", "DOUBLE is binary floating point; write DECIMAL(18,2) or the like"),
        (
            "DECIMAL(18,6)",
            "DECIMAL",
            "quantity is a number and needs `physicalType: DECIMAL(p,s)`, with s < p <= 38",
        ),
        (
            "required: true",
            "unique: true",
            "`unique` is part of the standard, but nothing here would act on it",
        ),
        (
            "engine: cloud-conductor",
            "engine: soda",
            "a row rule has `engine: cloud-conductor`, or `type: sql`; no other is checked here",
        ),
        (
            "implementation: >-\n          business_date = slot_day",
            "implementation: business_date = day_slot",
            "there is no field day_slot",
        ),
        (
            "implementation: >-\n          business_date = slot_day",
            "implementation: TRIM(line_id) = ''",
            "TRIM(line_id) is not on the list",
        ),
        (
            "implementation: >-\n          business_date = slot_day",
            "implementation: quantity > 0.5",
            "0.5 would be binary floating point",
        ),
        (
            "implementation: >-\n          business_date = slot_day",
            "implementation: 1 = 1) OR (2 = 2",
            "is not one condition",
        ),
        (
            "implementation: >-\n          business_date = slot_day",
            "implementation: line_id IN (SELECT line_id FROM records)",
            "a row rule looks at one row only",
        ),
        ('"^[A-Z]{3}$"', "'^\\w{3}$'", "holds \\, which engines read differently"),
        (
            "lookbackDays, value: 30",
            "lookbackDays, value: -1",
            "`lookbackDays` has to be a whole number, 0 or more",
        ),
        (
            "status: active",
            "status: active\nservers: []",
            "`servers` is part of the standard, but nothing here would act on it",
        ),
        (
            "        description: A receipt belongs to the day that was asked for.",
            "        schedule: 0 6 * * *",
            "`schedule` is part of the standard, but nothing here would act on it",
        ),
        (
            "    physicalType: table",
            "    physicalName: receipts",
            "`physicalName` is part of the standard, but nothing here would act on it",
        ),
        (
            "{property: latency, value: 6, unit: h, description",
            "{property: latency, value: 6, unit: h, driver: audit, description",
            "`driver` is part of the standard, but nothing here would act on it",
        ),
        (
            "{property: retention, value: 10",
            "{property: availability, value: 99",
            "nobody here would see that `availability` is kept; there are latency, retention",
        ),
        (
            "{property: latency, value: 6, unit: h",
            "{property: latency, value: 6, unit: min",
            "`latency` is a whole number of h or d",
        ),
        (
            "enum: [{value: SalesItemLineDetail}, {value: DiscountLineDetail}, {value: TaxLineDetail}, {value: DescriptionOnly}]",
            "physicalType: VARCHAR(10)",
            "`physicalType` of the text detail_type is VARCHAR or TEXT or absent, not VARCHAR(10)",
        ),
        (
            "{property: lookbackDays, value: 30}",
            "{property: controlAmount, value: tax_base}",
            "the property `controlAmount` stands twice",
        ),
    ],
)
def test_a_fault_is_told_with_its_line(folder: Path, old: str, new: str, said: str):
    line = change(folder, old, new) + new.count("\n")
    with pytest.raises(FixTheConfiguration) as caught:
        load(folder)
    assert f"line {line}: " in caught.value.sentence
    assert said in caught.value.sentence


@pytest.mark.parametrize(
    ("old", "new", "said", "at"),
    [
        (
            "value: [sync_token, updated_at]",
            "value: [sync_token, changed_at]",
            "changed_at is named by the key and `newest`",
            "{property: newest, ",
        ),
        ("version: 1.0.0", "version: one", "`version` has to be like 1.0.0, not 'one'", "version: one"),
        ("        partitioned: true\n", "", "one required date column has to be `partitioned`", "schema:"),
        (
            "name: MISSING_ITEM\n",
            "name: BAD_AMOUNT\n",
            "the reason code BAD_AMOUNT stands twice",
            "name: BAD_AMOUNT",
        ),
        ("name: MISSING_ITEM\n", "name: no item\n", "'no item' is not a reason code", "name: no item"),
        (
            "domain: finance",
            "domain: sales",
            "this is sales/sales_receipts, but lies in the folder finance/sales_receipts",
            "",
        ),
        (
            "controlAmount, value: amount",
            "controlAmount, value: doc_number",
            "doc_number of the control totals has to be a decimal",
            "{property: controlAmount, value: doc_number}",
        ),
        (
            "      - name: slot_day\n",
            "      - name: doc_number\n",
            "the field doc_number stands twice",
            "- name: doc_number",
        ),
        (
            "{minimum: 0.000001, maximum: 99}",
            "{minimum: 99, maximum: 0.5}",
            "rate has to be at least 99 and at most 0.5: nothing is",
            "{minimum: 99, maximum: 0.5}",
        ),
        (
            "{maxLength: 21}",
            "{maxLength: 21, minLength: 22}",
            "doc_number has to be at least 22 long",
            "{maxLength: 21, minLength: 22}",
        ),
        (
            "{maxLength: 21}",
            "{maxLength: 0}",
            "doc_number has to be at least 1 long and at most 0: nothing is",
            "{maxLength: 0}",
        ),
        (
            "{minimum: 0.000001, maximum: 99}",
            "{minimum: 0.0000001}",
            "the bound 0.0000001 of rate is not a value",
            "{minimum: 0.0000001}",
        ),
        (
            "partitioned: true\n",
            "partitioned: true\n        logicalTypeOptions: {minimum: '2020-01-01'}\n",
            "bounds and format of a date are checked in the records, and business_date has them",
            "- name: business_date",
        ),
        (
            "        physicalName: TxnDate\n        logicalType: date\n",
            "        physicalName: TxnDate\n        logicalType: date\n        logicalTypeOptions: {format: dd-MMM-yy}\n",
            "`format` cannot be `dd-MMM-yy`",
            "{format: dd-MMM-yy}",
        ),
        (
            "        physicalName: TxnDate\n        logicalType: date\n",
            "        physicalName: TxnDate\n        logicalType: date\n        logicalTypeOptions: {minimum: '2026-02-30'}\n",
            "the bound 2026-02-30 of business_date is not a value of its type",
            "{minimum: '2026-02-30'}",
        ),
    ],
)
def test_parts_that_do_not_fit_are_told_with_a_line_that_has_to_do_with_it(
    folder: Path, old: str, new: str, said: str, at: str
):
    change(folder, old, new)
    told = {fault.sentence: fault.line for fault in read(folder).faults}
    (sentence,) = (sentence for sentence in told if said in sentence)
    assert at in (folder / "contract.odcs.yaml").read_text().splitlines()[told[sentence] - 1]


def test_all_faults_are_listed_and_no_others(folder: Path):
    first = change(folder, "domain: finance", "doman: finance")
    second = change(folder, "logicalType: integer", "logicalType: int")
    third = change(folder, "classification:", "clasification:")
    with pytest.raises(FixTheConfiguration) as caught:
        load(folder)
    faults = caught.value.sentence.split(": ", 1)[1].split("; line ")
    lines = [int(fault.removeprefix("line ").split(":")[0]) for fault in faults]
    assert lines == sorted([first, second, third])


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("amount / 2 AS amount,", "amount / 2 is not on the list"),
        ("0.5 AS amount,", "0.5 would be binary floating point"),
        ("CAST(amount AS FLOAT) AS amount,", "FLOAT is not a type here"),
        ("CURRENT_DATE AS amount,", "CURRENT_DATE"),
        ("RANDOM() AS amount,", "is not on the list"),
        ("ROW_NUMBER() OVER (PARTITION BY receipt_id) AS amount,", "needs an ORDER BY"),
        ("(SELECT MAX(rate) FROM gold_prices) AS amount,", "there is no table gold_prices"),
        ("FROM FROM", "this is not SQL, near line"),
    ],
)
def test_sql_that_engines_read_differently_is_refused(folder: Path, new: str, said: str):
    change(folder, "    doc_number,\n", f"    {new}\n", "refine.sql")
    with pytest.raises(FixTheConfiguration) as caught:
        load(folder)
    assert said in caught.value.sentence


@pytest.mark.parametrize(
    "sql", ["DROP TABLE accepted", "SELECT 1 AS x FROM accepted; SELECT 2 AS x FROM accepted", ""]
)
def test_refine_sql_is_one_select(folder: Path, sql: str):
    (folder / "refine.sql").write_text(sql)
    with pytest.raises(FixTheConfiguration, match="one S"):
        load(folder)


def test_broken_yaml_is_told_with_its_line(folder: Path):
    line = change(folder, "domain: finance", "domain: [finance")
    with pytest.raises(FixTheConfiguration, match="this is not YAML") as caught:
        load(folder)
    assert f"line {line + 1}" in caught.value.sentence


def test_a_key_that_stands_twice_is_refused(folder: Path):
    change(folder, "domain: finance", "domain: finance\ndomain: sales")
    with pytest.raises(FixTheConfiguration, match="not YAML"):
        load(folder)


def test_a_product_that_joins_an_unknown_one_is_refused(tmp_path: Path):
    shutil.copytree(PRODUCTS, tmp_path / "products")
    shutil.rmtree(tmp_path / "products/sales")
    with pytest.raises(FixTheConfiguration, match="UNKNOWN_ITEM looks into sales/product_catalogue"):
        discover([tmp_path / "products"])


def test_a_product_that_stands_in_two_places_is_refused(folder: Path):
    with pytest.raises(FixTheConfiguration, match="finance/sales_receipts stands in"):
        discover([PRODUCTS, folder.parents[1]])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(FixTheConfiguration, match="is not a folder"):
        discover([tmp_path / "nowhere"])


def test_a_changed_contract_or_sql_is_read_anew(folder: Path):
    """Size and time stamp of the file stay the same: what counts is the text."""
    before = load(folder)
    for file, old, new in (
        ("contract.odcs.yaml", "version: 1.0.0", "version: 1.0.1"),
        ("refine.sql", "doc_number,", "doc_numbar,"),
    ):
        stamp = (folder / file).stat()
        change(folder, old, new, file)
        os.utime(folder / file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert (folder / file).stat().st_size == stamp.st_size
    after = load(folder)
    assert (before.contract.version, after.contract.version) == ("1.0.0", "1.0.1")
    assert "doc_numbar," in after.refine_sql
    assert "doc_numbar," not in before.refine_sql


def test_folders_of_the_users_own_add_to_the_shipped_ones(tmp_path: Path):
    own = shutil.copytree(PRODUCTS / "finance/fx_rates", tmp_path / "risk/fx_rates")
    change(Path(own), "domain: finance", "domain: risk")
    assert {"risk/fx_rates", "finance/fx_rates"} <= set(discover([PRODUCTS, tmp_path]))


def test_faults_of_contract_and_sql_are_told_together(folder: Path):
    change(folder, "doc_number,\n", "TRIM(doc_number) AS doc_number,\n", "refine.sql")
    line = change(folder, "domain: finance", "doman: finance")
    reading = read(folder)
    assert [(fault.file.name, fault.line) for fault in reading.faults if fault.line == line]
    assert any("TRIM(doc_number) is not on the list" in fault.sentence for fault in reading.faults)
    assert reading.product is None


def test_sql_is_told_with_line_and_column(folder: Path):
    (folder / "refine.sql").write_text(
        "SELECT\n    line_id,\n    LOWER(doc_number) AS doc_number\nFROM accepted\n"
    )
    (fault,) = read(folder).faults
    assert fault.line == 3
    assert fault.sentence.startswith("column 5: LOWER(doc_number) is not on the list")


def test_a_relationship_to_a_column_that_is_not_there_is_told_with_its_line_and_the_nearest(tmp_path: Path):
    products = Path(shutil.copytree(PRODUCTS, tmp_path / "products"))
    folder = products / "finance/sales_receipts"
    line = change(folder, "to: sales.product_catalogue.item_id", "to: sales.product_catalogue.item_ids")
    (reading,) = [each for each in survey([products]) if each.faults]
    (fault,) = reading.faults
    assert fault.line == line - 1
    assert "UNKNOWN_ITEM looks for item_ids, which sales/product_catalogue does not have" in fault.sentence
    assert "did you mean `item_id`?" in fault.sentence


def test_checks_of_the_rows_of_a_day_are_read(folder: Path):
    counts = "    quality:\n      - {type: library, metric: rowCount, mustBeBetween: [10, 20], severity: warning}\n"
    change(folder, "    description: One row per line of a receipt.\n", counts)
    assert load(folder).contract.row_counts == (RowCount(10, 20, Severity.WARNING),)


def test_a_check_of_the_dataset_that_nobody_makes_is_refused(folder: Path):
    line = change(
        folder,
        "    description: One row per line of a receipt.\n",
        "    quality:\n      - {type: library, metric: nullValues, mustNotBe: 0}\n",
    )
    faults = {(fault.line, fault.sentence) for fault in read(folder).faults}
    assert (
        line + 1,
        "`mustNotBe` is part of the standard, but nothing here would act on it; did you mean `mustBe`?",
    ) in faults
    assert any("`metric: rowCount`" in sentence for _, sentence in faults)


def test_personal_columns_are_known_by_name():
    assert load(PRODUCTS / "finance/sales_receipts").contract.personal == {"customer_name"}
    assert load(PRODUCTS / "finance/fx_rates").contract.personal == frozenset()


def test_a_personal_field_stays_personal_in_the_dataset(folder: Path):
    text = (folder / "contract.odcs.yaml").read_text()
    records, curated = text.split("  - name: sales_receipts\n")
    curated = curated.replace("        classification: personal\n", "")
    (folder / "contract.odcs.yaml").write_text(f"{records}  - name: sales_receipts\n{curated}")
    (fault,) = read(folder).faults
    assert "customer_name is `personal` in the records and has to be so in the dataset" in fault.sentence


def test_whatever_a_line_holds_the_answer_is_a_list_of_faults(tmp_path: Path):
    folder = Path(shutil.copytree(PRODUCTS / "finance/fx_rates", tmp_path / "finance/fx_rates"))
    lines = (folder / "contract.odcs.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if ": " in line:
            key = line.split(": ")[0]
            other = "\n".join([*lines[:number], f"{key}: [a, 7]", *lines[number + 1 :]])
            (folder / "contract.odcs.yaml").write_text(other)
            assert read(folder).faults, f"line {number + 1}: {line}"


@pytest.mark.parametrize(
    "gone", ["physicalType: DECIMAL(12,6)", "schema:", "domain: finance", "version: 1.0.0"]
)
def test_a_contract_without_a_part_is_told_so(tmp_path: Path, gone: str):
    folder = Path(shutil.copytree(PRODUCTS / "finance/fx_rates", tmp_path / "finance/fx_rates"))
    change(folder, gone, f"# {gone}")
    assert read(folder).faults


def test_a_contract_with_one_object_keeps_nobody_from_hearing_of_the_others(tmp_path: Path):
    products = Path(shutil.copytree(PRODUCTS, tmp_path / "products"))
    change(products / "finance/fx_rates", "  - name: records\n", "  - name: rows\n")
    change(products / "sales/product_catalogue", "DECIMAL(18,6)", "DOUBLE")
    assert {each.dataset for each in survey([products]) if each.faults} == {
        "finance/fx_rates",
        "sales/product_catalogue",
    }


@pytest.mark.parametrize("value", ["1", "perhaps"])
def test_a_switch_that_is_neither_on_nor_off_is_refused(folder: Path, value: str):
    line = change(
        folder, "{property: lookbackDays, value: 30}", f"{{property: emptyDayAllowed, value: {value}}}"
    )
    assert [(fault.line, fault.sentence) for fault in read(folder).faults] == [
        (line, "`emptyDayAllowed` has to be true or false")
    ]


def test_a_product_may_name_its_engine_and_its_threshold(folder: Path):
    change(
        folder,
        "{property: lookbackDays, value: 30}",
        "{property: engine, value: spark}\n  - {property: sparkFromBytes, value: 5000000}",
    )
    contract = load(folder).contract
    assert (contract.engine, contract.spark_from_bytes) == ("spark", 5_000_000)


def test_an_engine_that_is_none_is_a_fault_of_the_contract(folder: Path):
    line = change(folder, "{property: lookbackDays, value: 30}", "{property: engine, value: pandas}")
    [fault] = read(folder).faults
    assert (fault.line, fault.sentence) == (line, "`engine` cannot be `pandas`; it is polars or spark")
