"""The text of a file as UTF-8, proved to be in the encoding that the contract says."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from conductor.files.diagnosis import Refusal, Unacceptable

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""What may stand at the start of a text; the longer marks stand before those that they begin with."""
ASK = "ask the sender, or change `encoding` in the contract"


def utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Give the text as UTF-8 without a byte order mark; a character that can't be, or a NUL, is `Unacceptable`."""
    whole = _start(chunks)
    start = next(whole, b"")
    _check_mark(start, encoding)
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)("strict")
    suspicion = _Suspicion(encoding)
    read = 0
    for chunk in _joined(start, whole):
        suspicion.look(chunk)
        yield _decoded(decoder, chunk, encoding, read)
        read += len(chunk)
    yield _decoded(decoder, b"", encoding, read, final=True)
    suspicion.speak()


def _start(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the chunks, the first of them long enough for any mark."""
    source, start = iter(chunks), b""
    for chunk in source:
        start += chunk
        if len(start) >= max(map(len, BOMS)):
            break
    yield start
    yield from source


def _joined(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from rest


def _check_mark(start: bytes, encoding: str) -> None:
    found = next((name for mark, name in BOMS.items() if start.startswith(mark)), None)
    if found and not encoding.startswith(found):
        raise Unacceptable(
            Refusal.WRONG_ENCODING, f"it begins like {found}, and the contract says {encoding}", ASK, "byte 0"
        )
    if encoding in ("utf-16", "utf-32") and not found:
        raise Unacceptable(
            Refusal.WRONG_ENCODING,
            f"it does not begin like {encoding}",
            f"{ASK}; without a byte order mark it is {encoding}-le or {encoding}-be",
            "byte 0",
        )


def _decoded(
    decoder: codecs.IncrementalDecoder, chunk: bytes, encoding: str, read: int, *, final: bool = False
) -> bytes:
    try:
        text = decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        raise Unacceptable(
            Refusal.WRONG_ENCODING,
            f"there is a byte that is no character of {encoding}",
            ASK,
            f"byte {read + max(0, error.start - len(error.object) + len(chunk))}",
        ) from None
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise Unacceptable(
            Refusal.WRONG_ENCODING, "there is half a character", ASK, f"near byte {read}"
        ) from None
    if b"\0" in data:
        raise Unacceptable(
            Refusal.NUL_BYTE,
            "there is a NUL character, which no text has",
            "ask the sender how the file was made",
            f"near byte {read}" if read else "in the first bytes",
        )
    return data


class _Suspicion:
    """Texts in an encoding of one byte per character are never wrong by themselves. But letters beyond ASCII that
    all form valid UTF-8 are UTF-8.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.decoder: codecs.IncrementalDecoder | None = None
        if not encoding.startswith("utf"):
            self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.beyond = False

    def look(self, chunk: bytes) -> None:
        """Look at what comes next."""
        if self.decoder:
            try:
                self.decoder.decode(chunk)
                self.beyond = self.beyond or not chunk.isascii()
            except UnicodeDecodeError:
                self.decoder = None

    def speak(self) -> None:
        """Say at the end whether it was UTF-8 after all."""
        if self.decoder and self.beyond:
            raise Unacceptable(
                Refusal.WRONG_ENCODING, f"it is UTF-8, and the contract says {self.encoding}", ASK
            )
