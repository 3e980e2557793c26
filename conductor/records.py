"""Canonical records: a source's documents as one row per record line, every leaf a text.

Nothing is interpreted here. Numbers stay the characters that the source wrote, so neither a float nor a
rounding ever stands between the accounting system and the contract that types them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import pyarrow as pa
import pyarrow.parquet as pq

from conductor.errors import FixTheData

LINE = "_line"
DOCUMENT = "_document"
CORRECTS = "_corrects"
SOURCE = "_source"

Json: TypeAlias = "str | bool | list[Json] | dict[str, Json] | None"
Document: TypeAlias = "dict[str, Json]"
Row: TypeAlias = "dict[str, str | None]"

ROWS_PER_GROUP = 50_000
"""Rows that are in memory at once while a file is written; part of what makes equal content equal bytes."""


def parse_json(data: bytes) -> Json:
    """Read JSON with every number kept as its text; ValueError for anything that is not whole, valid JSON."""
    return cast(Json, json.loads(data, parse_float=str, parse_int=str, parse_constant=_refuse))


def leaf(document: Document, path: str) -> str | None:
    """Give the text at a dotted path, None where nothing or no single value stands there."""
    found: Json = document
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return None if isinstance(found, dict | list) else _text(found)


def objects(value: Json) -> list[Document]:
    """Give the objects of an array; nothing where there is no array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def identity(document: Document) -> str:
    """Give what a document is known by in its day: its Id, or the currency of an exchange rate."""
    found = leaf(document, "SourceCurrencyCode") or leaf(document, "Id")
    if not found:
        raise FixTheData("a document of the source has neither an Id nor a SourceCurrencyCode")
    return found


def id_order(identifier: str) -> tuple[bool, int, str]:
    """Sort key of ids: numbers by value and before all other ids, those by text."""
    number = identifier.isascii() and identifier.isdigit()
    return (not number, int(identifier) if number else 0, identifier)


def flatten(document: Document) -> list[Row]:
    """Give one row per record line; every row repeats the header's leaves under their dotted paths.

    Lines are the elements of `Line` (without the subtotal, which repeats the others' sum) and those of
    `TxnTaxDetail.TaxLine`, told apart by `Line.DetailType`. A document without lines gives one
    row. Any other array is one column of canonical JSON.
    """
    tax = document.get("TxnTaxDetail")
    header = {name: value for name, value in document.items() if name not in ("Line", "TxnTaxDetail")}
    if isinstance(tax, dict):
        header["TxnTaxDetail"] = {name: value for name, value in tax.items() if name != "TaxLine"}
    lines = [
        *_lines(document.get("Line"), "line"),
        *_lines(tax.get("TaxLine") if isinstance(tax, dict) else None, "tax"),
    ]
    shared: Row = {DOCUMENT: identity(document)} | dict(leaves(header, ""))
    return [
        shared | {LINE: str(n)} | dict(leaves(line, "Line.")) for n, line in enumerate(lines or [{}], start=1)
    ]


def write_records(documents: Iterable[Document], path: Path) -> int:
    """Write the rows of all documents as Parquet, text columns in order of name, and give their number.

    Equal content gives equal bytes, whatever order the documents come in.
    """
    ordered = sorted(documents, key=lambda document: id_order(identity(document)))
    columns = {name for document in ordered for row in flatten(document) for name in row}
    schema = pa.schema([(name, pa.string()) for name in sorted(columns | {DOCUMENT, LINE})])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _groups(ordered):
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def canonical_sha256(documents: Iterable[Document]) -> str:
    """Give the SHA-256 of the content alone, whatever the order of documents and keys, and the pages."""
    hasher = hashlib.sha256()
    for document in sorted(documents, key=lambda document: id_order(identity(document))):
        hasher.update(_canonical(document).encode())
        hasher.update(b"\n")
    return hasher.hexdigest()


def _groups(documents: Sequence[Document]) -> Iterator[list[Row]]:
    rows: list[Row] = []
    for document in documents:
        rows += flatten(document)
        if len(rows) >= ROWS_PER_GROUP:
            yield rows
            rows = []
    if rows:
        yield rows


def _lines(elements: Json, kind: str) -> list[Document]:
    """Give the lines that count; one without an Id, as all tax lines are, is named by its place."""
    found = enumerate(objects(elements), start=1)
    named = [line | {"Id": line.get("Id") or f"{kind}-{n}"} for n, line in found]
    return [line for line in named if line.get("DetailType") != "SubTotalLineDetail"]


def leaves(value: Document, prefix: str) -> Iterator[tuple[str, str | None]]:
    """Give each leaf's text under its dotted path, the prefix before it; an array is a leaf, as canonical JSON."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from leaves(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _text(inner)


def _text(value: Json) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            return _canonical(value)


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _refuse(constant: str) -> str:
    raise ValueError(f"{constant} is not JSON")
