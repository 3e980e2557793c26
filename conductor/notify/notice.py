"""What people are told, before anybody decides by which road.

A notice carries what its caller put into it and nothing else: no row, no exception text, no setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from conductor.values import Slot


class Severity(StrEnum):
    """How much it matters; a problem is anything from `warning` up."""

    SUCCESS = "success"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Problem(StrEnum):
    """What is wrong with a slot. Reported again for the same slot, it is the same incident."""

    NOT_READY = "not_ready"
    DATA = "data"
    ROW_COUNT = "row_count"
    CONFIGURATION = "configuration"
    STOPPED = "stopped"


# What gets no better until a person acts: nobody is woken for data that can be mended in the morning, or for what passes.
PAGED = frozenset({Problem.ROW_COUNT, Problem.CONFIGURATION, Problem.STOPPED})


@dataclass(frozen=True)
class Link:
    """A page to look at. `href` is http, https or, for readers on the same machine, file."""

    label: str
    href: str


@dataclass(frozen=True)
class Notice:
    """One message. `problem` is None for good news; `resolves` names the slot's incidents that are over."""

    severity: Severity
    slot: Slot
    title: str
    sentence: str
    problem: Problem | None = None
    facts: tuple[tuple[str, str], ...] = ()
    next_command: str | None = None
    links: tuple[Link, ...] = ()
    resolves: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a notice with one notifier, in words for the log."""

    notifier: str
    sent: bool
    sentence: str


class Notifier(Protocol):
    """A road to people. `send` retries within its budget and never raises."""

    @property
    def name(self) -> str:
        """How the notifier is called in outcomes."""
        ...

    def send(self, notice: Notice) -> Outcome:
        """Send the notice, or say why it could not be sent."""
        ...


def notify(notifiers: Iterable[Notifier], notice: Notice) -> tuple[Outcome, ...]:
    """Send a notice by every road; what one road does changes nothing for the next."""
    return tuple(notifier.send(notice) for notifier in notifiers)


def one_line(text: str) -> str:
    """Make a single line of any text: whitespace and control characters become one blank."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def plain_text(notice: Notice) -> str:
    """Write a notice as a person reads it in a terminal or a plain e-mail."""
    parts = [notice.sentence]
    if notice.facts:
        width = max(len(label) for label, _ in notice.facts)
        parts.append("\n".join(f"{label:<{width}}  {value}" for label, value in notice.facts))
    if notice.next_command:
        parts.append(f"Next: {notice.next_command}")
    parts += [f"{link.label}: {link.href}" for link in notice.links]
    return "\n\n".join(parts) + "\n"
