"""What a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from conductor.errors import ConductorError


class Verdict(StrEnum):
    """`problem`: something will not work until a person mends it; `note`: good to know."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One sentence on one thing; a problem says its cause and the next command."""

    about: str
    verdict: Verdict
    sentence: str
    next: str | None = None


def ok(about: str, sentence: str) -> Finding:
    """Find something in order."""
    return Finding(about, Verdict.OK, sentence)


def note(about: str, sentence: str, next_command: str | None = None) -> Finding:
    """Find something that is good to know."""
    return Finding(about, Verdict.NOTE, sentence, next_command)


def problem(about: str, sentence: str, next_command: str) -> Finding:
    """Find something that has to be mended."""
    return Finding(about, Verdict.PROBLEM, sentence, next_command)


def examine(about: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Give what a check finds; a check that cannot go on is a problem itself."""
    try:
        yield from check()
    except ConductorError as error:
        yield problem(about, error.sentence, error.next_command or "conductor status")
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        yield problem(
            about, f"{error.strerror or error}{place}", "ls -la the folder, and mend its owner or mode"
        )
