"""Why a file was refused whole: as a value for programs, and as an error that stops the work."""

from __future__ import annotations

from enum import StrEnum

from conductor.errors import FixTheData
from conductor.values import Value


class Refusal(StrEnum):
    """The stable codes of refusals."""

    EMPTY_FILE = "EMPTY_FILE"
    NO_ROWS = "NO_ROWS"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_ROWS = "TOO_MANY_ROWS"
    TOO_MANY_COLUMNS = "TOO_MANY_COLUMNS"
    ROW_TOO_LONG = "ROW_TOO_LONG"
    FIELD_TOO_LONG = "FIELD_TOO_LONG"
    BOMB = "BOMB"
    WRONG_FORMAT = "WRONG_FORMAT"
    WRONG_COMPRESSION = "WRONG_COMPRESSION"
    WRONG_ENCODING = "WRONG_ENCODING"
    NUL_BYTE = "NUL_BYTE"
    CR_LINE_ENDS = "CR_LINE_ENDS"
    UNBALANCED_QUOTE = "UNBALANCED_QUOTE"
    STRAY_QUOTE = "STRAY_QUOTE"
    CUT_OFF = "CUT_OFF"
    WRONG_DELIMITER = "WRONG_DELIMITER"
    DUPLICATE_COLUMN = "DUPLICATE_COLUMN"
    MISSING_COLUMN = "MISSING_COLUMN"
    UNKNOWN_COLUMN = "UNKNOWN_COLUMN"
    UNEXPECTED_HEADER = "UNEXPECTED_HEADER"
    NO_TRAILER = "NO_TRAILER"
    NO_SIDECAR = "NO_SIDECAR"
    WRONG_ROW_COUNT = "WRONG_ROW_COUNT"
    WRONG_TOTAL = "WRONG_TOTAL"
    CORRUPT = "CORRUPT"
    MANY_MEMBERS = "MANY_MEMBERS"
    SUSPICIOUS_NAME = "SUSPICIOUS_NAME"
    ENCRYPTED = "ENCRYPTED"
    BAD_JSON = "BAD_JSON"
    FLOAT_COLUMN = "FLOAT_COLUMN"
    UNREADABLE_COLUMN = "UNREADABLE_COLUMN"
    FORMULAS = "FORMULAS"
    CELL_ERRORS = "CELL_ERRORS"
    MERGED_CELLS = "MERGED_CELLS"
    NO_SHEET = "NO_SHEET"
    GATE_FAILED = "GATE_FAILED"


class Diagnosis(Value):
    """What is wrong with a file, where, and what a person does about it. No value of the data stands in it.

    `place` is such as `line 7` or `byte 1024`; empty where it is the file as a whole.
    """

    file: str
    code: Refusal
    sentence: str
    place: str
    what_to_do: str


class Refused(FixTheData):
    """The file can't be trusted, so nothing of it is taken."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        place = f", {diagnosis.place}" if diagnosis.place else ""
        super().__init__(f"{diagnosis.file}{place}: {diagnosis.sentence}", next_command=diagnosis.what_to_do)
        self.diagnosis = diagnosis


class Unacceptable(Exception):
    """What a reader found, before the file's name is known."""

    def __init__(self, code: Refusal, sentence: str, what_to_do: str, place: str = "") -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.what_to_do, self.place = code, sentence, what_to_do, place

    def of(self, file: str) -> Refused:
        """Give the error to raise for a file of this name."""
        return Refused(
            Diagnosis(
                file=file,
                code=self.code,
                sentence=self.sentence,
                place=self.place,
                what_to_do=self.what_to_do,
            )
        )
