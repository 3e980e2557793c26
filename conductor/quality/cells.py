"""Cells of a spreadsheet that hold the text of strangers.

A program that opens a CSV file takes some texts for formulas. Such a text gets an apostrophe before it, which
spreadsheets read as "what follows is text". Reading takes it off again, so a file goes out and back unharmed.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
_ESCAPED = re.compile(r"'+([\t\r\n]|\s*[=+\-@＝＋－＠])")


def harmless(text: str) -> str:
    """Give a text as a cell that no spreadsheet computes; numbers stay numbers."""
    if _ESCAPED.match(text) or (_FORMULA.match(text) and not _NUMBER.fullmatch(text)):
        return f"'{text}"
    return text


def verbatim(cell: str) -> str:
    """Give the text that `harmless` made a cell of; a cell that it never makes stays as it is."""
    return cell[1:] if _ESCAPED.match(cell) else cell
