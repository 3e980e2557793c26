"""The faults of a contract, gathered so that a person sees all of them at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from conductor.errors import FixTheConfiguration


@dataclass
class Problems:
    """Faults of one file. Lines count from 1."""

    file: Path
    found: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def add(self, line: int, sentence: str) -> None:
        """Note a fault; the reading goes on."""
        self.found.append((line, sentence))

    def stop_if_any(self) -> None:
        """Raise `FixTheConfiguration` that lists all faults, in the order of their lines."""
        if self.found:
            raise self._error()

    def only(self, line: int, sentence: str) -> FixTheConfiguration:
        """Give the error of a fault that ends the reading."""
        self.add(line, sentence)
        return self._error()

    def _error(self) -> FixTheConfiguration:
        faults = "; ".join(f"line {line}: {sentence}" for line, sentence in sorted(set(self.found)))
        return FixTheConfiguration(f"{self.file}: {faults}", next_command=f"edit {self.file}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Give `; did you mean ...?` for the known word nearest to a mistyped one, or nothing."""
    matches = get_close_matches(word, list(known), n=1)
    return f"; did you mean `{matches[0]}`?" if matches else ""
