"""Where the rows of a CSV text begin and end, found in its bytes before any parser sees them.

The text is held against the strict form of CSV: a quote opens a field or closes it, and inside it stands twice. There
all parsers agree; elsewhere each has its own idea, so such a file is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from conductor.contracts.file_format import FileFormat
from conductor.files.diagnosis import Refusal, Unacceptable

LF, CR = 10, 13
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
RESEND = "ask the sender to send the file again"


@dataclass(frozen=True)
class Rows:
    """Some rows of a text. Row n is `text[starts[n]:ends[n]]` with its line end, has `fields[n]` fields and begins on
    the physical line `lines[n]`, from 1. Blank rows are left out.
    """

    text: bytes
    starts: Places
    ends: Places
    fields: Places
    lines: Places
    spread: bool
    """Whether a row goes over several physical lines."""

    def part(self, first: int, last: int | None = None) -> Rows:
        """Give the rows from one to before another, counted like those of a list."""
        chosen = slice(first, last)
        return replace(
            self,
            starts=self.starts[chosen],
            ends=self.ends[chosen],
            fields=self.fields[chosen],
            lines=self.lines[chosen],
        )

    def where(self, chosen: npt.NDArray[np.bool_]) -> Iterator[bytes]:
        """Give the text of the chosen rows, of as many as stand side by side at once."""
        starts, ends = self.starts[chosen], self.ends[chosen]
        breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
        for run in np.split(np.arange(len(starts)), breaks) if len(starts) else ():
            yield self.text[starts[run[0]] : ends[run[-1]]]

    def source(self, row: int) -> str:
        """Give a row as it stood in the text."""
        return self.text[self.starts[row] : self.ends[row]].decode().rstrip("\r\n")


def rows(chunks: Iterable[bytes], said: FileFormat) -> Iterator[Rows]:
    """Give the rows of a UTF-8 text; what is no CSV of the contract is `Unacceptable`.

    The first row comes by itself, so that a header can be judged before what follows it.
    """
    carry, line, size = b"", 1, 0
    for chunk in chunks:
        block = carry + chunk
        size += len(chunk)
        end = _last_end(block, said)
        carry = block[end:]
        for whole in _first_apart(block[:end], said) if line == 1 else (block[:end],):
            if whole:
                yield _analysed(whole, line, said)
                line += whole.count(b"\n")
        _check_carry(carry, line, said)
    if not size:
        raise Unacceptable(Refusal.EMPTY_FILE, "the file holds no text", RESEND)
    if carry:
        yield _analysed(_finished(carry, line, said), line, said)


def _last_end(block: bytes, said: FileFormat) -> int:
    """Give where the last row that is whole ends."""
    if not (quote := said.quote.encode()) or quote not in block:
        return block.rfind(b"\n") + 1
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero((text == LF) & ~_inside(text, said))
    return int(ends[-1]) + 1 if len(ends) else 0


def _first_apart(block: bytes, said: FileFormat) -> tuple[bytes, bytes]:
    """Give the first row, and the others."""
    end = block.find(b"\n") + 1
    while said.quote and end and block.count(said.quote.encode(), 0, end) % 2:
        end = block.find(b"\n", end) + 1
    return block[:end], block[end:]


def _inside(text: Bytes, said: FileFormat) -> npt.NDArray[np.bool_]:
    """Tell of each byte whether an odd number of quotes stands before or at it; only the oddness is counted, so the
    sum may run over.
    """
    return (np.cumsum(text == ord(said.quote), dtype=np.uint8) & 1).astype(np.bool_)


def _analysed(block: bytes, first_line: int, said: FileFormat) -> Rows:
    text = np.frombuffer(block, np.uint8)
    feeds = text == LF
    separators = feeds | (text == ord(said.delimiter))
    feeds_of_rows, inside = feeds, None
    quoted = bool(said.quote) and said.quote.encode() in block
    if quoted:
        inside = _inside(text, said)
        _check_quotes(text, inside, first_line, said)
        separators &= ~inside
        feeds_of_rows = feeds & ~inside
    feet = np.flatnonzero(feeds_of_rows)
    if b"\r" in block:
        _check_returns(text, inside, first_line)
    ends, starts = feet + 1, np.concatenate(([0], feet[:-1] + 1))
    marks = np.flatnonzero(separators)
    _check_lengths(marks, starts, ends, first_line, text, said)
    fields = np.diff(np.searchsorted(marks, ends), prepend=0)
    lines = first_line + (
        np.searchsorted(np.flatnonzero(feeds), starts) if quoted else np.arange(len(starts))
    )
    blank = (ends - starts == 1) | ((ends - starts == 2) & (text[starts] == CR))
    kept = ~blank
    spread = int(np.count_nonzero(feeds)) != len(feet)
    return Rows(block, starts[kept], ends[kept], fields[kept], lines[kept], spread)


def _check_quotes(text: Bytes, inside: npt.NDArray[np.bool_], first_line: int, said: FileFormat) -> None:
    """Refuse a quote that neither begins nor ends a field."""
    places = np.flatnonzero(text == ord(said.quote))
    opens = inside[places]
    before = np.where(places > 0, text[places - 1], LF)
    after = text[np.minimum(places + 1, len(text) - 1)]
    neighbours = np.where(opens, before, after)
    fits = (neighbours == ord(said.delimiter)) | (neighbours == LF) | (neighbours == ord(said.quote))
    fits |= ~opens & (neighbours == CR)
    if not fits.all():
        raise Unacceptable(
            Refusal.STRAY_QUOTE,
            f"a {said.quote} stands within a field, so where rows end can't be told",
            "ask the sender to quote fields that hold quotes; or set `quote` in the contract to what it is",
            _line(text, int(places[~fits][0]), first_line),
        )


def _check_returns(text: Bytes, inside: npt.NDArray[np.bool_] | None, first_line: int) -> None:
    """Refuse a carriage return that is no part of a line end; inside of quotes it is data."""
    returns = text == CR
    if inside is not None:
        returns &= ~inside
    places = np.flatnonzero(returns)
    lone = places[text[np.minimum(places + 1, len(text) - 1)] != LF]
    if len(lone):
        raise Unacceptable(
            Refusal.CR_LINE_ENDS,
            "a carriage return stands where no line ends",
            "ask the sender for lines that end with LF or CR LF",
            _line(text, int(lone[0]), first_line),
        )


def _check_lengths(
    marks: Places, starts: Places, ends: Places, first_line: int, text: Bytes, said: FileFormat
) -> None:
    lengths = np.diff(marks, prepend=-1) - 1
    for most, found, at, code, what in (
        (said.limits.row_bytes, ends - starts, starts, Refusal.ROW_TOO_LONG, "row"),
        (said.limits.field_bytes, lengths, marks, Refusal.FIELD_TOO_LONG, "field"),
    ):
        if len(found) and int(found.max()) > most:
            raise _too_long(code, what, most, _line(text, int(at[int(found.argmax())]), first_line))


def _too_long(code: Refusal, what: str, most: int, place: str) -> Unacceptable:
    return Unacceptable(
        code,
        f"a {what} has more than {most:,} bytes",
        f"ask the sender what it is; raise `limits.{what}Bytes` of the contract if it is in order",
        place,
    )


def _check_carry(carry: bytes, line: int, said: FileFormat) -> None:
    """Refuse a row that has not ended though it is longer than any may be."""
    if len(carry) <= said.limits.row_bytes:
        return
    if said.quote and carry.count(said.quote.encode()) % 2:
        raise _unbalanced(line, said)
    _check_ends(carry, line)
    raise _too_long(Refusal.ROW_TOO_LONG, "row", said.limits.row_bytes, f"line {line}")


def _check_ends(carry: bytes, line: int) -> None:
    if b"\r" in carry[:-1] and b"\n" not in carry:
        raise Unacceptable(
            Refusal.CR_LINE_ENDS,
            "its lines end with a carriage return alone",
            "ask the sender for lines that end with LF or CR LF",
            f"line {line}",
        )


def _finished(carry: bytes, line: int, said: FileFormat) -> bytes:
    """Give the last row, which has no line end; without a proof that the file is whole it is refused."""
    if said.quote and carry.count(said.quote.encode()) % 2:
        raise _unbalanced(line, said)
    _check_ends(carry, line)
    if not (said.open_end or said.trailer or said.sidecar):
        raise Unacceptable(
            Refusal.CUT_OFF,
            "its last line does not end, so the file may be cut off",
            f"{RESEND}; where all its files are so, set `openEnd` in the contract, or better a trailer",
            f"line {line}",
        )
    return carry + b"\n"


def _unbalanced(line: int, said: FileFormat) -> Unacceptable:
    return Unacceptable(
        Refusal.UNBALANCED_QUOTE,
        f"a {said.quote} is opened and never closed, so where rows end can't be told",
        RESEND,
        f"line {line}",
    )


def _line(text: Bytes, place: int, first_line: int) -> str:
    return f"line {first_line + int(np.count_nonzero(text[:place] == LF))}"
