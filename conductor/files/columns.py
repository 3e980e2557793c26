"""Whether the columns of a file are those of its contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from conductor.contracts.file_format import FileFormat
from conductor.contracts.problems import nearest
from conductor.files.diagnosis import Refusal, Unacceptable

DELIMITERS = ",;\t|"


def check_names(names: Sequence[str], wanted: Sequence[str], said: FileFormat, place: str) -> None:
    """Refuse columns that are missing, doubled or unknown. Their order is free, for each is known by its name."""
    if len(names) > said.limits.columns:
        raise Unacceptable(
            Refusal.TOO_MANY_COLUMNS,
            f"it has {len(names):,} columns, and no more than {said.limits.columns:,} are taken",
            "ask the sender what it is; raise `limits.columns` of the contract if it is in order",
            place,
        )
    for name, count in Counter(names).items():
        if count > 1:
            raise _unfit(Refusal.DUPLICATE_COLUMN, f"the column {_shown(name)} stands {count} times", place)
    missing = [name for name in wanted if name not in names]
    if missing and len(names) == 1 and len(wanted) > 1:
        _check_delimiter(names[0], wanted, said, place)
    if missing:
        hint = nearest(missing[0], names)
        raise _unfit(
            Refusal.MISSING_COLUMN,
            f"the column {_shown(missing[0])} is missing{hint and f', unless it is called{hint[14:-1]}'}",
            place,
        )
    for name in names:
        if name not in wanted and (not said.extra_columns or not name.strip() or name.startswith("_")):
            raise _unfit(
                Refusal.UNKNOWN_COLUMN,
                f"the contract has no column {_shown(name)}{nearest(name, wanted)}",
                place,
            )


def check_no_names(fields: Sequence[str], wanted: Sequence[str], place: str) -> None:
    """Refuse a first line that names columns where the contract says that none does: it would pass for a row."""
    named = {field.strip().casefold() for field in fields}
    if len(named & {name.casefold() for name in wanted}) * 2 > len(wanted):
        raise _unfit(
            Refusal.UNEXPECTED_HEADER,
            "the first line names columns, and the contract says `header: false`",
            place,
        )


def _check_delimiter(line: str, wanted: Sequence[str], said: FileFormat, place: str) -> None:
    for mark in DELIMITERS:
        if mark != said.delimiter and {part.strip('"') for part in line.split(mark)} >= set(wanted):
            raise Unacceptable(
                Refusal.WRONG_DELIMITER,
                f"its columns are parted by {mark!r}, and the contract says {said.delimiter!r}",
                "ask the sender, or change `delimiter` in the contract",
                place,
            )


def _unfit(code: Refusal, sentence: str, place: str) -> Unacceptable:
    return Unacceptable(
        code, sentence, "ask the sender for the columns of the contract, or change the contract", place
    )


def _shown(name: str) -> str:
    """Give a name as a person can read it: whatever it holds, and not all of a long one."""
    return repr(name if len(name) <= 60 else f"{name[:60]}…")
