"""CSV that needs no careful reader: proved in one look at its bytes, it is its own records."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from conductor.contracts.file_format import FileFormat
from conductor.contracts.model import Contract
from conductor.files.columns import check_names, check_no_names
from conductor.files.confined import Done
from conductor.files.csv_structure import CR, LF, Bytes, Places
from conductor.files.diagnosis import Unacceptable
from conductor.files.digest import canonical_order, digest_of
from conductor.files.text import BOMS
from conductor.values import PlainText

STEP = 1 << 19
"""Bytes of a block: what is made of it stays in a processor's cache."""
AHEAD = 16
"""Blocks that are looked at while one is waited for."""
QUOTE = b'"'


@dataclass(frozen=True)
class Plain:
    """What a plain file holds, and how it is read."""

    done: Done
    text: PlainText


@dataclass(frozen=True)
class _Block:
    rows: int
    canonical: bytes


class _NotPlain(Exception):
    """The file needs the careful reader, which says what is wrong, should something be."""


def read_plain(file: Path, contract: Contract, said: FileFormat) -> Plain | None:
    """Say what a file holds that is plain; None for any other, be it good or bad.

    Plain is UTF-8 without a mark or a NUL, with the contract's columns in order, as many values in each row as there are
    names, no blank line, each row on a line of its own that ends, quotes where they belong, and nothing beyond the limits.
    """
    quotes = said.quote.encode() in (b"", QUOTE)
    if said.encoding != "utf-8" or said.trailer or not quotes or file.stat().st_size > said.limits.bytes:
        return None
    try:
        with file.open("rb") as opened:
            _check_start(opened)
            columns = _header(opened, contract, said) if said.header else _no_header(opened, contract, said)
            sound, rows = hashlib.sha256(), 0
            for block in _examined(opened, len(columns), said):
                sound.update(block.canonical)
                rows += block.rows
    except (_NotPlain, Unacceptable, UnicodeDecodeError):
        return None
    if rows > said.limits.rows:
        return None
    digest = digest_of(columns, sound.digest(), hashlib.sha256().digest())
    text = PlainText(delimiter=said.delimiter, quote=said.quote, header=said.header, columns=columns)
    return Plain(Done(columns=columns, rows=rows, sha256=digest), text)


def _check_start(opened: BinaryIO) -> None:
    if opened.read(max(map(len, BOMS))).startswith(tuple(BOMS)):
        raise _NotPlain
    opened.seek(0)


def _header(opened: BinaryIO, contract: Contract, said: FileFormat) -> tuple[str, ...]:
    line = opened.readline(said.limits.row_bytes)
    names = tuple(line.rstrip(b"\r\n").decode().split(said.delimiter))
    if not line.endswith(b"\n") or QUOTE in line:
        raise _NotPlain
    check_names(names, contract.delivered, said, "line 1")
    if _examine(line, len(names), said).rows != 1 or names != canonical_order(names, contract.delivered):
        raise _NotPlain
    return names


def _no_header(opened: BinaryIO, contract: Contract, said: FileFormat) -> tuple[str, ...]:
    first = opened.readline(said.limits.row_bytes).decode().rstrip("\r\n")
    check_no_names([value.strip('"') for value in first.split(said.delimiter)], contract.delivered, "line 1")
    opened.seek(0)
    return contract.delivered


def _examined(opened: BinaryIO, width: int, said: FileFormat) -> Iterator[_Block]:
    """Give what stands in the blocks, in their order; they are looked at side by side."""
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[_Block]] = deque()
        for block in _blocks(opened, said):
            waiting.append(pool.submit(_examine, block, width, said))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        for found in waiting:
            yield found.result()


def _blocks(opened: BinaryIO, said: FileFormat) -> Iterator[bytes]:
    """Give the text in blocks that end where a line does."""
    carry = b""
    while chunk := opened.read(STEP):
        end = chunk.rfind(b"\n") + 1
        if end:
            yield carry + chunk[:end]
            carry = chunk[end:]
        else:
            carry += chunk
        if len(carry) > said.limits.row_bytes:
            raise _NotPlain
    if carry:
        raise _NotPlain


def _examine(block: bytes, width: int, said: FileFormat) -> _Block:
    """Count the rows of a block and give their text as it is digested; one that is not plain ends the look at the file."""
    _check_characters(block, said)
    text = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero((text == LF) | (text == ord(said.delimiter)))
    kept = block
    if QUOTE in block:
        marks, kept = _unquoted(block, text, marks, said)
    rows = len(marks) // width
    feet = marks[width - 1 :: width]
    # There are as many line ends as rows: where each stands behind the last value of a row, none stands elsewhere.
    if len(marks) != rows * width or block.count(b"\n") != rows or not (text[feet] == LF).all():
        raise _NotPlain
    _check_lengths(marks, feet, said)
    canonical = kept.replace(b"\r\n", b"\n") if b"\r" in kept else kept
    if width == 1 and (canonical.startswith(b"\n") or b"\n\n" in canonical):
        raise _NotPlain
    return _Block(rows, canonical)


def _check_characters(block: bytes, said: FileFormat) -> None:
    if b"\0" in block or (not said.quote and QUOTE in block):
        raise _NotPlain
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        raise _NotPlain
    if not block.isascii():
        block.decode()


def _unquoted(block: bytes, text: Bytes, marks: Places, said: FileFormat) -> tuple[Places, bytes]:
    """Give the marks that stand outside of quotes, and the text without the quotes that values do not need.

    Quotes have to stand around values, or doubled within. A value needs them that holds one, or the delimiter.
    """
    quotes = np.flatnonzero(text == ord(QUOTE))
    opening, closing = quotes[::2], quotes[1::2]
    if len(opening) != len(closing):
        raise _NotPlain
    before, after = text[np.maximum(opening, 1) - 1], text[closing + 1]
    ends = np.array([ord(said.delimiter), LF, ord(QUOTE)], np.uint8)
    if not (np.isin(before, ends) | (opening == 0)).all() or not (np.isin(after, ends) | (after == CR)).all():
        raise _NotPlain
    first, last = np.searchsorted(marks, opening), np.searchsorted(marks, closing)
    needed = first != last
    needed[1:] |= closing[:-1] + 1 == opening[1:]
    needed[:-1] |= closing[:-1] + 1 == opening[1:]
    if not needed.any():
        return marks, block.replace(QUOTE, b"")
    within = [np.arange(begin, end) for begin, end in zip(first[needed], last[needed], strict=True)]
    kept = np.delete(text, np.concatenate((opening[~needed], closing[~needed])))
    return np.delete(marks, np.concatenate(within)), kept.tobytes()


def _check_lengths(marks: Places, feet: Places, said: FileFormat) -> None:
    longest_value, longest_row = (int((ends[1:] - ends[:-1]).max(initial=ends[0])) for ends in (marks, feet))
    if longest_value - 1 > said.limits.field_bytes or longest_row > said.limits.row_bytes:
        raise _NotPlain
