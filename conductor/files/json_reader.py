"""JSON as it comes: a file of one object per line, or of one array of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from conductor.contracts.file_format import FileFormat, Format
from conductor.contracts.model import Contract
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.json_rows import BAD_JSON, Decoder, JsonRows, json_columns
from conductor.files.records_writer import RecordsWriter
from conductor.records import Json

RESEND = "ask the sender to send the file again"


def read_json(
    chunks: Iterable[bytes], form: Format, contract: Contract, said: FileFormat, to: Path
) -> RecordsWriter:
    """Write the records of a UTF-8 text into the file `to`, and give the closed writer.

    `_line` is the physical line of an object, or its place in the array. One that is no object of the contract is set
    aside as it came.
    """
    with RecordsWriter(to, json_columns(contract, said), contract.delivered, said.delimiter) as writer:
        rows = JsonRows(writer, contract, said)
        read = _lines if form is Format.NDJSON else _array
        read(chunks, rows, said)
        rows.flush()
    return writer


def _lines(chunks: Iterable[bytes], rows: JsonRows, said: FileFormat) -> None:
    decoder = Decoder()
    for number, line in enumerate(_split(chunks, said), start=1):
        text = line.decode()
        if not text.strip():
            continue
        try:
            value, end = decoder.decode(text.lstrip())
            whole = not text.lstrip()[end:].strip()
        except ValueError:
            value, whole = None, False
        if whole:
            rows.add(value, doubled=decoder.doubled, source=text.rstrip("\r\n"), line=number)
        elif not line.endswith(b"\n"):
            raise _cut_off(f"line {number}")
        else:
            rows.set_aside(BAD_JSON, text.rstrip("\r\n"), number)


def _split(chunks: Iterable[bytes], said: FileFormat) -> Iterator[bytes]:
    """Give the lines with their ends; the last may have none."""
    carry, line = b"", 1
    for chunk in chunks:
        *whole, carry = (carry + chunk).split(b"\n")
        for each in whole:
            _check_length(len(each), f"line {line}", said)
            yield each + b"\n"
            line += 1
        _check_length(len(carry), f"line {line}", said)
    if carry:
        yield carry


def _array(chunks: Iterable[bytes], rows: JsonRows, said: FileFormat) -> None:
    """Take an array apart element by element, so that it never lies in memory as a whole."""
    window = _Window(chunks)
    if window.next() != "[":
        raise _no_array("it is no array of objects", "the start")
    decoder, number, mark = Decoder(), 0, ","
    window.at += 1
    if window.next() == "]":
        mark = "]"
        window.at += 1
    while mark == ",":
        number += 1
        value, source = _element(window, decoder, number, said)
        rows.add(value, doubled=decoder.doubled, source=source, line=number)
        mark = window.next()
        window.at += 1
    if mark != "]":
        raise (
            _cut_off(f"after object {number:,}")
            if not mark
            else _no_array("it breaks off", f"object {number:,}")
        )
    if window.next():
        raise _no_array("something stands behind the array", "the end")


def _element(window: _Window, decoder: Decoder, number: int, said: FileFormat) -> tuple[Json, str]:
    place = f"object {number:,}"
    first = window.next()
    if first != "{":
        raise _no_array("the array holds something that is no object", place) if first else _cut_off(place)
    while True:
        try:
            value, end = decoder.decode(window.text, window.at)
        except ValueError as error:
            _check_length(len(window.text) - window.at, place, said)
            if not window.more():
                deep = "deeply" in str(error)
                raise _no_array(
                    "an object is nested too deeply" if deep else "an object is no JSON, or cut off", place
                ) from None
        else:
            source = window.text[window.at : end]
            window.at = end
            return value, source


class _Window:
    """The part of a text that is looked at; what lies behind `at` is given up when more is read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._bytes = b""
        self.text, self.at = "", 0

    def next(self) -> str:
        """Give the next character that is not blank; nothing at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def more(self) -> bool:
        """Read on; False at the end."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self.text, self.at = self.text[self.at :] + chunk.decode(), 0
        return True


def _check_length(length: int, place: str, said: FileFormat) -> None:
    if length > said.limits.row_bytes:
        raise Unacceptable(
            Refusal.ROW_TOO_LONG,
            f"an object has more than {said.limits.row_bytes:,} bytes, or does not end",
            "ask the sender what it is; raise `limits.rowBytes` of the contract if it is in order",
            place,
        )


def _no_array(sentence: str, place: str) -> Unacceptable:
    return Unacceptable(Refusal.BAD_JSON, sentence, "ask the sender for one array of objects", place)


def _cut_off(place: str) -> Unacceptable:
    return Unacceptable(Refusal.CUT_OFF, "it ends within an object or an array", RESEND, place)
