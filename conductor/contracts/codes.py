"""The stable reason codes that a field's own description brings about."""

from __future__ import annotations

from collections.abc import Iterator

from conductor.contracts.model import Column, Kind


def field_codes(field: Column) -> Iterator[str]:
    """Give the codes that a value of the field may be rejected with; named rules and relationships have their
    own.
    """
    name = field.name.upper()
    if field.required:
        yield f"MISSING_{name}"
    if field.kind is not Kind.TEXT or field.pattern:
        yield f"BAD_{name}"
    if field.allowed:
        yield f"NOT_ALLOWED_{name}"
    if field.minimum or field.maximum:
        yield f"OUT_OF_RANGE_{name}"
    if field.max_length:
        yield f"TOO_LONG_{name}"
    if field.min_length:
        yield f"TOO_SHORT_{name}"
