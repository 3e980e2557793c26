"""What breaks and what does not, judged by who relies on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conductor.contracts.compare import compare
from conductor.contracts.conditions import Strictness, strictness
from conductor.contracts.load import load
from conductor.contracts.model import (
    Agreement,
    Column,
    Contract,
    ForeignKey,
    Kind,
    RowCount,
    Rule,
    Severity,
    SourceField,
)
from conductor.contracts.steps import Step

RECEIPTS = load(Path(__file__).parents[3] / "products/finance/sales_receipts").contract
RULE = RECEIPTS.rules[0]
Edit = Callable[[Contract], Contract]


def column(at: str, /, **changes: object) -> Edit:
    return lambda contract: replace(
        contract, columns=tuple(replace(c, **changes) if c.name == at else c for c in contract.columns)
    )


def field(at: str, /, **changes: object) -> Edit:
    return lambda contract: replace(
        contract, fields=tuple(replace(f, **changes) if f.name == at else f for f in contract.fields)
    )


def rule(**changes: object) -> Edit:
    return lambda contract: replace(contract, rules=(replace(RULE, **changes), *contract.rules[1:]))


def relationship(**changes: object) -> Edit:
    first, *rest = RECEIPTS.foreign_keys
    return lambda contract: replace(contract, foreign_keys=(replace(first, **changes), *rest))


def whole(**changes: object) -> Edit:
    return lambda contract: replace(contract, **changes)


NEW = Column("channel", Kind.TEXT, "Where it was sold.")
NEW_FIELD = SourceField("channel", Kind.TEXT, "Where it was sold.", path="Channel")
BREAKS: dict[str, Edit] = {
    "a column is gone": whole(columns=RECEIPTS.columns[:-1]),
    "a column is renamed": column("voided", name="void"),
    "a column has another kind": column("doc_number", kind=Kind.INTEGER),
    "a column has fewer digits": column("amount", precision=12),
    "a column has more digits": column("amount", precision=20),
    "a column is required": column("doc_number", required=True),
    "a column may be missing": column("amount", required=False),
    "an enum lost a value": column("line_type", allowed=("sales", "discount", "tax")),
    "a range got narrower": column("rate", maximum="9.5"),
    "a text got shorter": column("doc_number", max_length=20),
    "a required column came": whole(columns=(*RECEIPTS.columns, replace(NEW, required=True))),
    "the key is another": whole(key=("receipt_id",)),
    "other versions win": whole(newest=("updated_at",)),
    "the day is another column": whole(day="updated_at"),
    "a rule came": whole(rules=(*RECEIPTS.rules, Rule("NEW", "amount > 0", ""))),
    "a rule is tighter": rule(sql=f"{RULE.sql} AND amount IS NOT NULL"),
    "a rule is another": rule(sql="business_date >= slot_day"),
    "a field is required": field("doc_number", required=True),
    "a field has an enum": field("currency", allowed=("USD",)),
    "a field has another pattern": field("currency", pattern="^[A-Z]{2}$"),
    "a field has fewer digits": field("amount", precision=12),
    "a field has another format": field("business_date", format="dd.MM.yyyy"),
    "a field is read elsewhere": field("amount", path="TotalAmt"),
    "a required field came": whole(fields=(*RECEIPTS.fields, replace(NEW_FIELD, required=True))),
    "a typed field came": whole(fields=(*RECEIPTS.fields, replace(NEW_FIELD, kind=Kind.DATE))),
    "a relationship came": whole(
        foreign_keys=(*RECEIPTS.foreign_keys, ForeignKey("NEW", ("item_id",), "sales/x", ("id",), ""))
    ),
    "a relationship lets off fewer": relationship(unless=None),
    "a relationship looks elsewhere": relationship(targets=("sku",)),
    "a day has a least number of rows": whole(row_counts=(RowCount(5, None),)),
}
LEAVES: dict[str, Edit] = {
    "an optional column came": whole(columns=(*RECEIPTS.columns, NEW)),
    "an optional field came": whole(fields=(*RECEIPTS.fields, NEW_FIELD)),
    "a field went": whole(fields=RECEIPTS.fields[:-1]),
    "a rule went": whole(rules=RECEIPTS.rules[1:]),
    "a rule is looser": rule(sql=f"{RULE.sql} OR voided"),
    "a rule only warns": rule(severity=Severity.WARNING),
    "a warning came": whole(rules=(*RECEIPTS.rules, Rule("NEW", "amount > 0", "", Severity.WARNING))),
    "a relationship went": whole(foreign_keys=RECEIPTS.foreign_keys[1:]),
    "an enum got a value": column("line_type", allowed=("sales", "discount", "tax", "note", "tip")),
    "a range got wider": column("rate", maximum="100"),
    "a text may be longer": column("doc_number", max_length=30),
    "a field may be missing": field("currency", required=False),
    "a field has more digits": field("amount", precision=20),
    "another latency is promised": whole(agreements=(Agreement("latency", "8", "h"),)),
    "an empty day is in order": whole(empty_day_allowed=True),
    "a number of rows warns": whole(row_counts=(RowCount(5, None, Severity.WARNING),)),
    "a column is personal": column("item_name", classification="personal"),
    "columns changed places": whole(columns=(*RECEIPTS.columns[1:], RECEIPTS.columns[0])),
}
WORDS: dict[str, Edit] = {
    "a column is described otherwise": column("amount", description="The amount."),
    "the product is described otherwise": whole(description="Receipts."),
    "a rule is described otherwise": rule(description="The day."),
    "another team owns it": whole(owner="finance-platform"),
}


@pytest.mark.parametrize("edit", BREAKS.values(), ids=BREAKS)
def test_what_somebody_relies_on_breaks(edit: Edit):
    found = compare(RECEIPTS, edit(RECEIPTS))
    assert found.needed is Step.MAJOR
    assert found.next_version == "2.0.0"
    assert not found.enough
    assert compare(RECEIPTS, replace(edit(RECEIPTS), version="2.0.0")).enough
    assert not compare(RECEIPTS, replace(edit(RECEIPTS), version="1.9.0")).enough


@pytest.mark.parametrize("edit", LEAVES.values(), ids=LEAVES)
def test_what_lets_more_pass_or_adds_does_not_break(edit: Edit):
    found = compare(RECEIPTS, edit(RECEIPTS))
    assert found.needed is Step.MINOR
    assert found.breaking == ()
    assert found.next_version == "1.1.0"
    assert compare(RECEIPTS, replace(edit(RECEIPTS), version="1.1.0")).enough


@pytest.mark.parametrize("edit", WORDS.values(), ids=WORDS)
def test_words_take_the_smallest_step(edit: Edit):
    found = compare(RECEIPTS, edit(RECEIPTS))
    assert found.needed is Step.PATCH
    assert found.next_version == "1.0.1"


def test_an_empty_day_that_stops_from_now_on_breaks():
    assert compare(replace(RECEIPTS, empty_day_allowed=True), RECEIPTS).needed is Step.MAJOR


def test_the_same_contract_has_no_changes():
    found = compare(RECEIPTS, RECEIPTS)
    assert (found.changes, found.needed, found.enough, found.next_version) == ((), None, True, "1.0.0")


def test_a_version_that_fell_is_never_enough():
    assert not compare(replace(RECEIPTS, version="2.0.0"), RECEIPTS).enough


def test_a_renamed_column_is_one_change_that_names_both():
    (change,) = compare(RECEIPTS, column("voided", name="void")(RECEIPTS)).changes
    assert change.sentence == "the column voided is called void now"
    assert change.column == "voided"


def test_the_gravest_change_comes_first():
    edited = column("amount", description="The amount.")(whole(columns=RECEIPTS.columns[:-1])(RECEIPTS))
    assert [change.step for change in compare(RECEIPTS, edited).changes] == [Step.MAJOR, Step.PATCH]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("a > 0", " ( a>0 )  -- a comment", Strictness.SAME),
        ("a > 0 AND b > 0", "b > 0 AND a > 0", Strictness.SAME),
        ("a > 0", "a > 0 AND b > 0", Strictness.TIGHTER),
        ("a > 0 AND b > 0 AND c > 0", "c > 0 AND a > 0", Strictness.LOOSER),
        ("a > 0", "a > 0 OR b > 0", Strictness.LOOSER),
        ("a > 0 OR b > 0", "b > 0", Strictness.TIGHTER),
        ("a > 0", "a > 1", Strictness.UNKNOWN),
        ("a > 0 AND b > 0", "a > 0 AND c > 0", Strictness.UNKNOWN),
        ("a > 0 OR b > 0", "a > 0 AND b > 0", Strictness.UNKNOWN),
    ],
)
def test_strictness_is_told_where_the_texts_show_it(old: str, new: str, told: Strictness):
    assert strictness(old, new) is told
