"""The faults of a contract, gathered so that a person sees all of them at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path

from conductor.errors import FixTheConfiguration


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong in a file. Lines count from 1."""

    file: Path
    line: int
    sentence: str


@dataclass
class Problems:
    """Faults of one file. Lines count from 1."""

    file: Path
    found: list[Fault] = field(default_factory=list[Fault])

    def add(self, line: int, sentence: str) -> None:
        """Note a fault; the reading goes on."""
        self.found.append(Fault(self.file, line, sentence))

    def stop_if_any(self) -> None:
        """Raise `FixTheConfiguration` that lists all faults, in the order of their lines."""
        stop_if_any(self.found)


def stop_if_any(faults: Iterable[Fault]) -> None:
    """Raise `FixTheConfiguration` that lists all faults, file by file and line by line."""
    by_file = groupby(sorted(set(faults)), key=lambda fault: fault.file)
    told = [
        (file, "; ".join(f"line {each.line}: {each.sentence}" for each in found)) for file, found in by_file
    ]
    if told:
        sentence = "; and ".join(f"{file}: {said}" for file, said in told)
        raise FixTheConfiguration(sentence, next_command=f"edit {told[0][0]}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Give `; did you mean ...?` for the known word nearest to a mistyped one, or nothing."""
    matches = get_close_matches(word, list(known), n=1)
    return f"; did you mean `{matches[0]}`?" if matches else ""
