"""Two versions of a contract: what changed, for whom it breaks, and which step of the version that takes.

Two sides rely on a contract. Who delivers relies on his rows being taken: whatever sets more of them aside breaks for
him. Who reads relies on the columns: one that goes, is called, typed or filled otherwise breaks for him. What nothing
here can tell to be harmless counts as breaking.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from conductor.contracts.compare_columns import column_changes, field_changes
from conductor.contracts.conditions import Strictness, strictness
from conductor.contracts.model import Contract, ForeignKey, Rule, Severity
from conductor.contracts.steps import Change, Step


class Raised(IntEnum):
    """By which part a version number rose; `LOWERED` where it fell."""

    LOWERED = -1
    NOT = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True)
class Comparison:
    """What lies between two versions of a contract, the gravest first."""

    dataset: str
    old: str
    new: str
    changes: tuple[Change, ...]

    @property
    def needed(self) -> Step | None:
        """The step that the changes take; None where there are none."""
        return max((change.step for change in self.changes), default=None)

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break for somebody."""
        return tuple(change for change in self.changes if change.step is Step.MAJOR)

    @property
    def enough(self) -> bool:
        """Whether the version number rose as far as the changes ask."""
        return raised(self.old, self.new) >= (self.needed or 0)

    @property
    def next_version(self) -> str:
        """The lowest version number that would do."""
        major, minor, patch = _numbers(self.old)
        steps = {
            Step.MAJOR: (major + 1, 0, 0),
            Step.MINOR: (major, minor + 1, 0),
            Step.PATCH: (major, minor, patch + 1),
        }
        return ".".join(map(str, steps[self.needed])) if self.needed else self.old


def compare(old: Contract, new: Contract) -> Comparison:
    """Give the changes from one contract to another."""
    changes = [
        *column_changes(old.columns, new.columns),
        *field_changes(old.fields, new.fields),
        *_rules(old, new),
        *_relationships(old, new),
        *_figures(old, new),
        *_whole(old, new),
    ]
    ordered = sorted(changes, key=lambda change: -change.step)
    return Comparison(new.dataset, old.version, new.version, tuple(ordered))


def raised(old: str, new: str) -> Raised:
    """Tell by which part a version number rose."""
    before, after = _numbers(old), _numbers(new)
    if after == before:
        return Raised.NOT
    if after < before:
        return Raised.LOWERED
    first = next(place for place in range(3) if before[place] != after[place])
    return (Raised.MAJOR, Raised.MINOR, Raised.PATCH)[first]


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def _rules(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({rule.code: rule for rule in each.rules} for each in (old, new))
    for code in (code for code in before if code not in after):
        yield Change(Step.MINOR, f"the rule {code} is gone: rows that it set aside now pass")
    for code, rule in after.items():
        if code in before:
            yield from _rule(before[code], rule)
        elif rule.severity is Severity.ERROR:
            yield Change(Step.MAJOR, f"the rule {code} is new: rows that passed may be set aside")
        else:
            yield Change(Step.MINOR, f"the rule {code} is new and warns")


def _rule(old: Rule, new: Rule) -> Iterator[Change]:
    found = strictness(old.sql, new.sql)
    grave = Step.MAJOR if new.severity is Severity.ERROR else Step.MINOR
    if found in (Strictness.TIGHTER, Strictness.UNKNOWN):
        may = "" if found is Strictness.TIGHTER else ", which may be stricter"
        yield Change(grave, f"the rule {new.code} is {found.value}{may}: {new.sql}")
    elif found is Strictness.LOOSER:
        yield Change(Step.MINOR, f"the rule {new.code} is looser")
    if old.severity is not new.severity:
        step = Step.MAJOR if new.severity is Severity.ERROR else Step.MINOR
        yield Change(step, f"the rule {new.code} was a {old.severity} and is a {new.severity}")
    if old.description != new.description:
        yield Change(Step.PATCH, f"the rule {new.code} is described otherwise")


def _relationships(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({each.code: each for each in side.foreign_keys} for side in (old, new))
    for code in (code for code in before if code not in after):
        yield Change(Step.MINOR, f"the relationship {code} is gone: rows that it set aside now pass")
    for code, foreign in after.items():
        if code not in before:
            yield Change(Step.MAJOR, f"the relationship {code} is new: rows that passed may be set aside")
        else:
            yield from _relationship(before[code], foreign)


def _relationship(old: ForeignKey, new: ForeignKey) -> Iterator[Change]:
    if (old.columns, old.dataset, old.targets) != (new.columns, new.dataset, new.targets):
        yield Change(Step.MAJOR, f"the relationship {new.code} looks for something else")
    found = strictness(old.unless or "FALSE", new.unless or "FALSE")
    # `unless` lets rows off: a looser one, or one where there was none, lets off more.
    if found is Strictness.LOOSER or (old.unless is None and new.unless is not None):
        yield Change(Step.MINOR, f"the relationship {new.code} lets off more rows")
    elif found is not Strictness.SAME:
        yield Change(
            Step.MAJOR, f"the relationship {new.code} lets off other rows: unless {new.unless or 'nothing'}"
        )
    if old.description != new.description:
        yield Change(Step.PATCH, f"the relationship {new.code} is described otherwise")


def _whole(old: Contract, new: Contract) -> Iterator[Change]:
    """Compare what is said of the product as a whole."""
    for step, what, before, after in (
        (Step.MAJOR, "the product", old.dataset, new.dataset),
        (Step.MAJOR, "the key", ", ".join(old.key), ", ".join(new.key)),
        (Step.MAJOR, "what orders the versions of a key", ", ".join(old.newest), ", ".join(new.newest)),
        (Step.MAJOR, "the business day", old.day, new.day),
        (Step.MAJOR, "the source", f"{old.source} {old.entity}", f"{new.source} {new.entity}"),
        (Step.MAJOR, "how its files are written", str(old.file_format or ""), str(new.file_format or "")),
        (Step.MINOR, "the control total", str(old.control), str(new.control)),
        (Step.MINOR, "the days looked back", str(old.lookback_days), str(new.lookback_days)),
        (Step.MINOR, "what the books get of it", _journal(old), _journal(new)),
        (Step.MINOR, "the usual rows", str(old.usual_rows), str(new.usual_rows)),
        (Step.MINOR, "what is agreed", _agreed(old), _agreed(new)),
        (Step.PATCH, "the owner", old.owner, new.owner),
        (Step.PATCH, "the description", old.description, new.description),
    ):
        if before != after:
            yield Change(step, f"{what} was {before or 'nothing'} and is {after or 'nothing'}")
    if old.empty_day_allowed != new.empty_day_allowed:
        step = Step.MINOR if new.empty_day_allowed else Step.MAJOR
        yield Change(
            step, f"a day without rows {'may be' if new.empty_day_allowed else 'stops at the gate'} now"
        )
    if old.row_counts != new.row_counts:
        added = set(new.row_counts) - set(old.row_counts)
        stops = any(count.severity is Severity.ERROR for count in added)
        yield Change(Step.MAJOR if stops else Step.MINOR, "the rows that a day may have are others")


def _figures(old: Contract, new: Contract) -> Iterator[Change]:
    """Compare what a version as a whole has to come to; what a new or another figure stops cannot be told from its text."""
    before, after = ({figure.code: figure for figure in each.figures} for each in (old, new))
    for code in (code for code in before if code not in after):
        yield Change(Step.MINOR, f"the figure {code} is gone: days that it stopped now pass")
    for code, figure in after.items():
        was = before.get(code)
        if was is None or replace(was, description=figure.description) != figure:
            stops = figure.severity is Severity.ERROR
            what = "is new" if was is None else "is another"
            yield Change(Step.MAJOR if stops else Step.MINOR, f"the figure {code} {what}")
        elif was.description != figure.description:
            yield Change(Step.PATCH, f"the figure {code} is described otherwise")


def _journal(contract: Contract) -> str:
    return "a journal entry" if contract.journal else ""


def _agreed(contract: Contract) -> str:
    return ", ".join(f"{each.name} {each.value} {each.unit}".strip() for each in contract.agreements)
