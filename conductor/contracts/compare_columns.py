"""What changed in the columns of a contract: those that readers get, and those that are read from the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from conductor.contracts.casts import sql_type
from conductor.contracts.model import Column, Kind, SourceField
from conductor.contracts.steps import Change, Step

REQUIRED = "is required now"


def column_changes(old: Sequence[Column], new: Sequence[Column]) -> Iterator[Change]:
    """Give the changes of the curated columns."""
    before, after = _named(old), _named(new)
    renamed = _renamed(before, after)
    for name in (name for name in before if name not in after):
        fate = f"is called {renamed[name]} now" if name in renamed else "is gone"
        yield Change(Step.MAJOR, f"the column {name} {fate}", name)
    for name in (name for name in after if name not in before and name not in renamed.values()):
        if after[name].required:
            yield Change(
                Step.MAJOR, f"the column {name} is new and required: rows already there have no value", name
            )
        else:
            yield Change(Step.MINOR, f"the column {name} is new")
    for name, column in after.items():
        if name in before:
            yield from _column(before[name], column)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Change(Step.MINOR, "the columns stand in another order")


def field_changes(old: Sequence[SourceField], new: Sequence[SourceField]) -> Iterator[Change]:
    """Give the changes of what is read from the records. A field is known by its name here, whatever the source calls it."""
    before, after = {each.name: each for each in old}, {each.name: each for each in new}
    for name in (name for name in before if name not in after):
        yield Change(Step.MINOR, f"the field {name} is not read any more")
    for name, field in after.items():
        if name not in before:
            strict = field.required or bool(_limits(field)) or field.kind is not Kind.TEXT
            yield Change(Step.MAJOR if strict else Step.MINOR, f"the field {name} is new{_asks(field)}")
            continue
        if before[name].path != field.path:
            step, was = Step.MAJOR, before[name].path
            yield Change(step, f"the field {name} was read from {was} and is read from {field.path}")
        if _written(before[name]) != _written(field):
            widened = _widened(before[name], field)
            was, now = _written(before[name]), _written(field)
            yield Change(Step.MINOR if widened else Step.MAJOR, f"the field {name} was {was} and is {now}")
        for sentence in _tighter(before[name], field):
            yield Change(Step.MAJOR, f"the field {name} {sentence}")
        yield from _softer(before[name], field, f"the field {name}", None)


def _asks(field: SourceField) -> str:
    return (
        ": rows that passed may be set aside" if field.required or _limits(field) else f", {_written(field)}"
    )


def _column(old: Column, new: Column) -> Iterator[Change]:
    name, what = new.name, f"the column {new.name}"
    if _written(old) != _written(new):
        yield Change(Step.MAJOR, f"{what} was {_written(old)} and is {_written(new)}", name)
    if old.required and not new.required:
        yield Change(Step.MAJOR, f"{what} is not required any more: readers may find nothing there", name)
    for sentence in _tighter(old, new):
        yield Change(Step.MAJOR, f"{what} {sentence}", name)
    if new.unique and not old.unique:
        yield Change(Step.MAJOR, f"{what} has to be unique now", name)
    if old.unique and not new.unique:
        yield Change(Step.MAJOR, f"{what} is not unique any more: readers who join by it count twice", name)
    yield from _softer(old, new, what, name)


def _tighter(old: Column, new: Column) -> Iterator[str]:
    """Say what values may not be any more."""
    if new.required and not old.required:
        yield REQUIRED
    if gone := [value for value in old.allowed if value not in new.allowed]:
        if new.allowed:
            yield f"may not be {', '.join(gone)} any more"
    elif new.allowed and not old.allowed:
        yield f"has to be one of {', '.join(new.allowed)} now"
    if new.pattern and new.pattern != old.pattern:
        yield f"has to match {new.pattern} now"
    for what, before, after in (
        ("at least", old.minimum, new.minimum),
        ("at most", old.maximum, new.maximum),
    ):
        if after is not None and after != before and (before is None or _stricter(what, new, before, after)):
            yield f"has to be {what} {after} now"
    if new.max_length is not None and (old.max_length is None or new.max_length < old.max_length):
        yield f"may have {new.max_length} characters now"
    if (new.min_length or 0) > (old.min_length or 0):
        yield f"has to have {new.min_length} characters now"


def _stricter(what: str, column: Column, before: str, after: str) -> bool:
    # ISO dates are ordered as their texts are.
    least: bool = before < after if column.kind is Kind.DATE else Decimal(before) < Decimal(after)
    return least if what == "at least" else not least


def _softer(old: Column, new: Column, what: str, name: str | None) -> Iterator[Change]:
    """Give the changes that let more pass or change words only."""
    readers = name is not None  # to them a value that may be missing is a break, told elsewhere
    if any(each != REQUIRED or not readers for each in _tighter(new, old)):
        yield Change(Step.MINOR, f"{what} may hold more than before", name)
    if old.classification != new.classification:
        was, now = old.classification or "open", new.classification or "open"
        yield Change(Step.MINOR, f"{what} was classified {was} and is {now}", name)
    if old.description != new.description:
        yield Change(Step.PATCH, f"{what} is described otherwise", name)


def _limits(column: Column) -> tuple[object, ...]:
    found = (
        column.pattern,
        column.allowed,
        column.minimum,
        column.maximum,
        column.min_length,
        column.max_length,
    )
    return found if any(found) else ()


def _written(column: Column) -> str:
    return sql_type(column) + (f" written {column.format}" if column.format else "")


def _widened(old: Column, new: Column) -> bool:
    """Tell whether every value of the old type is one of the new."""
    if old.format != new.format:
        return False
    if new.kind is Kind.TEXT:
        return True
    room = (Kind.INTEGER, Kind.DECIMAL)
    if new.kind is not Kind.DECIMAL or old.kind not in room:
        return False
    old_whole = 18 if old.kind is Kind.INTEGER else (old.precision or 0) - (old.scale or 0)
    whole = (new.precision or 0) - (new.scale or 0)
    return whole >= old_whole and (new.scale or 0) >= (old.scale or 0)


def _named(columns: Sequence[Column]) -> Mapping[str, Column]:
    return {column.name: column for column in columns}


def _renamed(before: Mapping[str, Column], after: Mapping[str, Column]) -> Mapping[str, str]:
    """Pair a column that is gone with a new one that says the same of itself in all but the name."""
    added = [column for name, column in after.items() if name not in before]
    pairs: dict[str, str] = {}
    for name, column in before.items():
        if name in after:
            continue
        same = [
            each for each in added if replace(each, name=name) == column and each.name not in pairs.values()
        ]
        if same:
            pairs[name] = same[0].name
    return pairs
