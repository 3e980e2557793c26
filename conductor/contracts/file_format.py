"""How the files of a product are written, as its contract says it: nothing of it is ever guessed from a file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

from conductor.contracts.document import Node
from conductor.contracts.problems import Problems, nearest

PROPERTY = "fileFormat"


class Format(StrEnum):
    """What a file is, once it is unpacked."""

    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Compression(StrEnum):
    """What a file is packed in."""

    NONE = "none"
    GZIP = "gzip"
    ZIP = "zip"


@dataclass(frozen=True)
class Proof:
    """A text that says what the file has to hold: `pattern` has the groups `rows`, `total` or both; `total` is the
    column whose sum that is.
    """

    pattern: str
    total: str = ""


@dataclass(frozen=True)
class Sidecar(Proof):
    """A proof in a file of its own, which is called like the file with `suffix` behind."""

    suffix: str = ""


@dataclass(frozen=True)
class Limits:
    """What a file may have at most; one that has more is refused before it is taken apart.

    `bytes` count the file unpacked, `ratio` how many times it grows when it is unpacked.
    """

    bytes: int = 20_000_000_000
    rows: int = 200_000_000
    row_bytes: int = 8_000_000
    field_bytes: int = 1_000_000
    columns: int = 1_000
    ratio: int = 200


@dataclass(frozen=True)
class FileFormat:
    """How a product's files are written.

    `quote` is empty where nothing is quoted. `open_end` says that the last line may end without a line end; else
    such a file counts as cut off, unless a trailer or sidecar proves that it is whole. Without `header` CSV has its columns
    in the order of the fields.
    """

    formats: tuple[Format, ...] = (Format.CSV,)
    compressions: tuple[Compression, ...] = (Compression.NONE,)
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    decimal_mark: str = "."
    extra_columns: bool = False
    open_end: bool = False
    sheet: str = ""
    trailer: Proof | None = None
    sidecar: Sidecar | None = None
    limits: Limits = Limits()


KEYS = (
    "formats",
    "compressions",
    "delimiter",
    "quote",
    "header",
    "encoding",
    "decimalMark",
    "extraColumns",
    "openEnd",
    "sheet",
    "trailer",
    "sidecar",
    "limits",
)
LIMITS = {
    "bytes": "bytes",
    "rows": "rows",
    "rowBytes": "row_bytes",
    "fieldBytes": "field_bytes",
    "columns": "columns",
    "ratio": "ratio",
}
TEXT_FORMATS = frozenset({Format.CSV, Format.NDJSON, Format.JSON})


def read_file_format(node: Node, problems: Problems) -> FileFormat:
    """Read the value of the property `fileFormat`."""
    _known(node, KEYS, problems)
    formats = _members(node, "formats", Format, problems) or (Format.CSV,)
    found = FileFormat(
        formats=formats,
        compressions=_members(node, "compressions", Compression, problems) or (Compression.NONE,),
        delimiter=_mark(node, "delimiter", ",", problems),
        quote=_mark(node, "quote", '"', problems, may_be_empty=True),
        header=_flag(node, "header", problems) or "header" not in node.names(),
        encoding=_encoding(node, problems),
        decimal_mark=_mark(node, "decimalMark", ".", problems),
        extra_columns=_flag(node, "extraColumns", problems),
        open_end=_flag(node, "openEnd", problems),
        sheet=node.text("sheet"),
        trailer=_proof(node.node("trailer"), problems) if "trailer" in node.names() else None,
        sidecar=_sidecar(node.node("sidecar"), problems) if "sidecar" in node.names() else None,
        limits=_limits(node.node("limits"), problems),
    )
    for key, sentence in _contradictions(found):
        problems.add(node.line_of(key), sentence)
    return found


def _contradictions(found: FileFormat) -> Sequence[tuple[str, str]]:
    csv_alone = found.formats == (Format.CSV,)
    marks = [found.delimiter, found.quote, found.decimal_mark]
    checks = (
        (
            "decimalMark",
            found.decimal_mark not in (".", ","),
            "`decimalMark` is a point or a comma",
        ),
        (
            "decimalMark",
            found.decimal_mark != "." and not csv_alone,
            "a `decimalMark` is of csv; the other formats write numbers with a point, so it needs a product of its own",
        ),
        (
            "header",
            not found.header and Format.CSV not in found.formats,
            "a `header` is one of csv, which is not among the `formats`",
        ),
        (
            "header",
            not found.header and found.extra_columns,
            "without a `header` nobody could tell which columns are extra; `extraColumns` goes with one",
        ),
        ("trailer", bool(found.trailer) and not csv_alone, "a `trailer` is the last line of csv"),
        (
            "sheet",
            bool(found.sheet) and Format.XLSX not in found.formats,
            "a `sheet` is one of xlsx, which is not among the `formats`",
        ),
        (
            "encoding",
            found.encoding != "utf-8" and not set(found.formats) & TEXT_FORMATS,
            "`encoding` is of csv, ndjson and json",
        ),
        (
            "delimiter",
            found.delimiter in (found.quote, "\n", "\r") or found.quote in ("\n", "\r"),
            "`delimiter` and `quote` are two characters, and no line ends",
        ),
        (
            "delimiter",
            any(len(mark.encode()) > 1 for mark in marks),
            "`delimiter`, `quote` and `decimalMark` are characters of ASCII",
        ),
    )
    return [(key, sentence) for key, wrong, sentence in checks if wrong]


def _known(node: Node, known: Sequence[str] | Mapping[str, str], problems: Problems) -> None:
    for key in node.names():
        if key not in known:
            problems.add(node.line_of(key), f"`{key}` is not a key of `{PROPERTY}`{nearest(key, known)}")


Member = TypeVar("Member", bound=StrEnum)


def _members(node: Node, key: str, of: type[Member], problems: Problems) -> tuple[Member, ...]:
    found = list[Member]()
    for text in node.texts(key):
        if text in set(of):
            found.append(of(text))
        else:
            hint = nearest(text, of) or f"; there are {', '.join(of)}"
            problems.add(node.line_of(key), f"`{key}` cannot be `{text}`{hint}")
    return tuple(found)


def _mark(node: Node, key: str, usual: str, problems: Problems, *, may_be_empty: bool = False) -> str:
    if key not in node.names():
        return usual
    value = str(node.data[key])
    if len(value) != 1 and (value or not may_be_empty):
        problems.add(node.line_of(key), f"`{key}` is one character, not `{value}`")
        return usual
    return value


def _flag(node: Node, key: str, problems: Problems) -> bool:
    if key in node.names() and node.text(key) not in ("true", "false"):
        problems.add(node.line_of(key), f"`{key}` has to be true or false")
    return node.flag(key)


def _encoding(node: Node, problems: Problems) -> str:
    text = node.text("encoding") or "utf-8"
    try:
        found = codecs.lookup(text)
        "a".encode(found.name)
    except LookupError:
        problems.add(
            node.line_of("encoding"), f"there is no encoding `{text}`; usual are utf-8, cp1252 and utf-16"
        )
        return "utf-8"
    return found.name


def _proof(node: Node, problems: Problems) -> Proof:
    _known(node, ("pattern", "total", "suffix"), problems)
    pattern, groups = node.text("pattern"), set[str]()
    try:
        groups = set(re.compile(pattern).groupindex)
    except re.error as error:
        problems.add(node.line_of("pattern"), f"this is not a pattern: {error}")
    else:
        if not groups or groups - {"rows", "total"}:
            problems.add(
                node.line_of("pattern"), "a proof has the groups `(?P<rows>...)` or `(?P<total>...)`"
            )
    if ("total" in groups) != bool(node.text("total")):
        problems.add(
            node.line, "a group `total` needs `total`, the column that it sums, and the other way round"
        )
    return Proof(pattern, node.text("total"))


def _sidecar(node: Node, problems: Problems) -> Sidecar:
    proof = _proof(node, problems)
    if not re.fullmatch(r"[.][A-Za-z0-9._-]+", node.text("suffix")):
        problems.add(
            node.line, "a sidecar needs a `suffix`, such as .ctl, that stands behind the file's name"
        )
    return Sidecar(proof.pattern, proof.total, node.text("suffix"))


def _limits(node: Node, problems: Problems) -> Limits:
    _known(node, LIMITS, problems)
    given: dict[str, int] = {}
    for key in (key for key in LIMITS if key in node.names()):
        value = node.whole(key)
        if value is None or value < 1:
            problems.add(node.line_of(key), f"the limit `{key}` is a whole number above 0")
        else:
            given[LIMITS[key]] = value
    return Limits(**{field.name: given[field.name] for field in fields(Limits) if field.name in given})
