from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from conductor.engines.row_text import row_text, row_text_expression

NAMES = ["Id", "Line.Amount", "_document", "_line", "_corrects", "_object", "_reasons", "_batch"]
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def test_the_text_lists_what_the_row_says_and_not_where_it_stands():
    row = {
        "b": "2",
        "a": "1",
        "_line": "7",
        "empty": None,
        "_document": "9",
        "_object": "x",
        "_reasons": "BAD_A",
    }
    assert row_text(row) == "_document=9\x1fa=1\x1fb=2"


def test_a_row_set_aside_has_the_text_of_the_row_that_came():
    row = {"a": "1", "_line": "7", "_document": "9"}
    origin = {"_object": "x", "_reasons": "BAD_A", "_contract_version": "1.0.0", "_batch": "b"}
    assert row_text(row | origin) == row_text(row)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)), min_size=1, max_size=4))
def test_a_frame_gives_the_same_texts_as_its_rows(rows: list[dict[str, str | None]]):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String)).rename(lambda name: f"raw.{name}")
    assert frame.select(row_text_expression(NAMES, "raw.")).to_series().to_list() == [
        row_text(row) for row in rows
    ]
