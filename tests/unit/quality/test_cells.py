"""Text of strangers in a spreadsheet: never a formula, never changed by the way there and back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conductor.quality.cells import harmless, verbatim


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "＝1+1", "=cmd|' /C calc'!A0", "+A1"],
)
def test_what_a_spreadsheet_would_compute_is_marked_as_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "12.30", "-12.30", "+4", "-1,5", "2026-11-23", "O'Neill", "'quoted'", "a=b"]
)
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


@given(st.text(alphabet=st.sampled_from("=+-@'1.a \t\r\n＝"), max_size=6) | st.text())
@example("'=1")
@example("''=1")
def test_a_text_comes_back_as_it_went_out(text: str) -> None:
    assert verbatim(harmless(text)) == text


@given(st.text(alphabet=st.sampled_from("=+-@'1 \t\r\n＝"), max_size=6))
def test_no_cell_begins_like_a_formula_unless_it_is_a_number(text: str) -> None:
    cell = harmless(text)
    if cell[:1] in tuple("=+-@\t\r\n＝"):
        assert float(cell) == float(text)


@pytest.mark.parametrize("typed", ["'hello", "'", "it's"])
def test_an_apostrophe_that_a_person_typed_stays(typed: str) -> None:
    assert verbatim(typed) == typed
