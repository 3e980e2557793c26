"""Errors, sorted by what to do about them.

A step retries `RetryLater` and nothing else; whoever catches looks at the class, never at the text.
"""

from __future__ import annotations

from pathlib import Path
from traceback import walk_tb


class ConductorError(Exception):
    """Say what is wrong in one plain sentence, and which command comes next.

    `sentence` names the thing and the cause; `next_command` is what a tired person types now; `batch` and
    `step` say where it happened and are filled in by the step that saw it, where the raiser did not know.
    """

    def __init__(
        self,
        sentence: str,
        *,
        next_command: str | None = None,
        batch: str | None = None,
        step: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_command = next_command
        self.batch = batch
        self.step = step

    def hush(self) -> None:
        """Forget the errors that this one arose from: their words may quote a row, and logs show them. Kind and place stay, as a note."""
        cause = self.__cause__ or self.__context__
        if isinstance(cause, Exception):
            self.add_note(f"It arose from a {kind_and_place(cause)}.")
        self.__cause__ = self.__context__ = None


def kind_and_place(error: Exception) -> str:
    """Say of an error what it is and where in the code it arose, in none of its own words."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    place = f"{Path(frames[-1].f_code.co_filename).name}:{frames[-1].f_lineno}" if frames else "nowhere"
    return f"{type(error).__name__} at {place}"


class RetryLater(ConductorError):
    """The world was not ready: the same call may succeed later, unchanged."""


class FixTheData(ConductorError):
    """The data breaks its contract: a person mends it, then replays."""


class FixTheConfiguration(ConductorError):
    """A setting, credential, contract or address is wrong: a person mends it, then runs again."""


class StopAndCall(ConductorError):
    """Going on could do harm: a person decides."""


class Unforeseen(StopAndCall):
    """Nobody foresaw this error. Its text may quote a row, so only its kind and its place are told."""

    @classmethod
    def of(cls, error: Exception) -> Unforeseen:
        """Tell of an error its kind and place."""
        return cls(f"something unforeseen went wrong, a {kind_and_place(error)}")


class LeaseHeld(RetryLater):
    """Another run works on the same slot and its lease has not run out."""


class LeaseLost(StopAndCall):
    """This run's lease ran out and another took its place: nothing more may be written."""


class Superseded(StopAndCall):
    """A newer version of the slot has taken effect: this older one has nothing left to do."""


class ApprovalNeeded(StopAndCall):
    """A named person has to allow this before it goes on."""


class AlreadyExists(ConductorError):
    """A create-only key is taken. The caller compares what is there with what it wanted to write."""


class NotFound(ConductorError):
    """No such key, version or row."""


class Missing(FixTheConfiguration):
    """An optional part is not installed; the sentence names the extra."""
