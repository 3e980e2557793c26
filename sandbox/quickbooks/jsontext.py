"""JSON as the vendor writes it: numbers exact and unpadded, text in UTF-8, never a binary float."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias, cast

import simplejson

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | Decimal | bool | None"
Document: TypeAlias = "dict[str, Json]"


def number(value: Decimal) -> Decimal:
    """Give the value without padding and without exponent: 337.50 becomes 337.5, 100.00 becomes 100."""
    stripped = value.normalize()
    return stripped.quantize(Decimal(1)) if stripped == stripped.to_integral_value() else stripped


def write(value: Json) -> bytes:
    """Give the UTF-8 text of a value; a Decimal becomes a JSON number with exactly its digits."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":")).encode()


def read(data: bytes) -> Json:
    """Read a text with its fractions as Decimal; `ValueError` where it is not JSON."""
    return cast("Json", simplejson.loads(data.decode(), use_decimal=True))


def read_object(data: bytes) -> Mapping[str, Json]:
    """Read a text that has to be a JSON object; `ValueError` for anything else. Nothing reads as {}."""
    value = read(data) if data.strip() else {}
    if not isinstance(value, dict):
        raise ValueError("the body has to be a JSON object")
    return value
