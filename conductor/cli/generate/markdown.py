"""Plain Markdown: the same on every terminal, and easy to compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def document(title: str, made_from: str, *parts: str) -> str:
    """Give a page that says at its top what it was made from."""
    note = f"Made from {made_from} by `make generate`; edit that, not this page."
    return "\n\n".join((f"# {title}", note, *filter(None, parts))) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; nothing where there are no rows."""
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    return "\n".join((_row(columns), _row(["---"] * len(columns)), *lines))


def code(text: str) -> str:
    """Give a text as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def one_line(text: str | None) -> str:
    """Give a text without its line breaks."""
    return " ".join((text or "").split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(one_line(cell).replace('|', chr(92) + '|') for cell in cells)} |"
