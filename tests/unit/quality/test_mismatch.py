"""Records whose columns are not those of the contract."""

from __future__ import annotations

from conductor.contracts.model import Kind, SourceField
from conductor.contracts.rules import SLOT_DAY
from conductor.quality.mismatch import mismatch
from quality.batches import a_contract

CONTRACT = a_contract(
    fields=(
        SourceField("amount", Kind.TEXT, "money", required=True, path="Line.Amount"),
        SourceField("note", Kind.TEXT, "words", path="Note"),
        SourceField("day", Kind.DATE, "the slot's", required=True, path=SLOT_DAY),
    )
)


def test_records_with_all_required_columns_match_whatever_else_they_have() -> None:
    assert mismatch(CONTRACT, {"Line.Amount", "Else", "_line"}) is None


def test_a_missing_column_is_told_with_the_new_one_that_looks_like_it() -> None:
    assert mismatch(CONTRACT, {"Line.Amnt", "Note", "_line"}) == (
        "the records do not match contract 1.2.0: Line.Amount is missing, Line.Amnt is new"
    )
    assert mismatch(CONTRACT, {"Note"}) == "the records do not match contract 1.2.0: Line.Amount is missing"
