"""What a trailer or a sidecar claims of a file, and whether the file keeps it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import MAX_PREC, Context, Decimal
from pathlib import Path

import polars as pl

from conductor.contracts.file_format import FileFormat, Proof
from conductor.files.diagnosis import Refusal, Unacceptable

RESEND = "ask the sender to send the file again"


@dataclass(frozen=True)
class Claim:
    """How many rows a file has, and what the column `column` sums up to; None is not said."""

    rows: int | None
    total: str | None
    column: str


def no_trailer(place: str) -> Unacceptable:
    """Give the refusal of a file whose last line is not the trailer that the contract asks for."""
    return Unacceptable(
        Refusal.NO_TRAILER, "its last line is not the trailer, so the file may be cut off", RESEND, place
    )


def read_sidecar(file: Path, said: FileFormat) -> Claim | None:
    """Read the file that stands beside this one; None where the contract asks for none."""
    if said.sidecar is None:
        return None
    beside = file.with_name(file.name + said.sidecar.suffix)
    refusal = Unacceptable(
        Refusal.NO_SIDECAR, f"{beside.name} does not stand beside it, or says nothing", RESEND
    )
    try:
        with beside.open("rb") as opened:
            text = opened.read(4096).decode()
    except (FileNotFoundError, UnicodeDecodeError):
        raise refusal from None
    return claim(said.sidecar, text.strip(), refusal)


def claim(proof: Proof, text: str, refusal: Unacceptable) -> Claim:
    """Read what a proof says; raise the refusal where its text is not of its pattern."""
    found = re.fullmatch(proof.pattern, text)
    if found is None:
        raise refusal
    said = found.groupdict()
    rows = said.get("rows")
    if rows is not None and not (rows.isascii() and rows.isdigit()):
        raise refusal
    return Claim(int(rows) if rows is not None else None, said.get("total"), proof.total)


def check_claim(claimed: Claim | None, records: pl.LazyFrame, rows: int, said: FileFormat) -> None:
    """Refuse records that are not what was claimed of them."""
    if claimed is None:
        return
    if claimed.rows is not None and claimed.rows != rows:
        raise Unacceptable(
            Refusal.WRONG_ROW_COUNT, f"it has {rows:,} rows and says that they are {claimed.rows:,}", RESEND
        )
    if claimed.total is not None and _total(records, claimed.column, said) != _number(claimed.total, said):
        raise Unacceptable(
            Refusal.WRONG_TOTAL, f"the sum of {claimed.column} is not the one that it says", RESEND
        )


def _total(records: pl.LazyFrame, column: str, said: FileFormat) -> Decimal | None:
    """Sum a column exactly; None where a value is no number. Each value goes by itself, for exactness knows no type."""
    exact, total = Context(prec=MAX_PREC, traps=[]), Decimal(0)
    for batch in records.select(column).collect_batches():
        for text in batch[column].drop_nulls():
            value = _number(text, said)
            if value is None:
                return None
            total = exact.add(total, value)
    return total


def _number(text: str, said: FileFormat) -> Decimal | None:
    if not re.fullmatch(rf"-?[0-9]+([{said.decimal_mark}][0-9]+)?", text):
        return None
    return Decimal(text.replace(said.decimal_mark, "."))
