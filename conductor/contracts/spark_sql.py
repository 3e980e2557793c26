"""SQL that all engines share, in Spark's spelling.

Spark reads the same text except for how names, texts and two types are written, and for what a pattern means. So the
text is changed token by token and nothing else of it: what Spark says of a place holds for the text as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot.tokenizer_core import Token, TokenType

TEXT_TYPES = (TokenType.VARCHAR, TokenType.TEXT)
MATCH = "REGEXP_LIKE"


def spark_sql(sql: str) -> str:
    """Give the text for Spark: names in backticks, texts with its escapes, VARCHAR as STRING, patterns as Java's."""
    parts: list[str] = []
    done = 0
    for token, new in _changed(sqlglot.tokenize(sql)):
        parts += (sql[done : token.start], new)
        done = token.end + 1
    return "".join((*parts, sql[done:]))


def java_pattern(pattern: str) -> str:
    r"""Give a pattern that all engines share in Java's terms: `$` is the end of the text alone, `.` all but a line feed.

    By itself Java lets `$` match before a line break at the end, and takes five characters for line breaks.
    """
    parts: list[str] = []
    in_class = False
    for character in pattern:
        if character == "$" and not in_class:
            parts.append(r"\z")
            continue
        in_class = character != "]" if in_class else character == "["
        parts.append(character)
    return "(?d)" + "".join(parts)


def _changed(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Give the tokens that Spark writes differently, and how; a bracket belongs to the word before it."""
    callers: list[str] = []
    before = ""
    for token in tokens:
        match token.token_type:
            case TokenType.L_PAREN:
                callers.append(before)
            case TokenType.R_PAREN:
                callers.pop()
            case TokenType.IDENTIFIER:
                yield token, "`" + token.text.replace("`", "``") + "`"
            case TokenType.STRING:
                pattern = callers[-1:] == [MATCH]
                yield token, _text(java_pattern(token.text) if pattern else token.text)
            case kind if kind in TEXT_TYPES and before == "AS" and callers[-1:] == ["CAST"]:
                yield token, "STRING"
            case _:
                pass
        before = token.text.upper()


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
