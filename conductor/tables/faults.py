"""What delta-rs raises, as our errors."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError, DeltaError

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater, StopAndCall

# delta-rs gives store errors as OSError without a number, so the text is all there is to tell them apart.
_FULL = re.compile(r"no space left|quota exceeded|disk full", re.IGNORECASE)
_REFUSED = re.compile(
    r"\b40[13]\b|forbidden|access ?denied|permission denied|invalidaccesskey|nosuchbucket", re.IGNORECASE
)


@contextmanager
def told_as_ours(root: str) -> Generator[None]:
    """Raise what the body meets as our errors; the sentence names the table and quotes nothing."""
    try:
        yield
    except CommitFailedError as error:
        raise RetryLater(f"another writer changed {root} at the same moment") from error
    except (OSError, DeltaError) as error:
        raise _ours(root, str(error)) from error


def _ours(root: str, text: str) -> ConductorError:
    if _FULL.search(text):
        return StopAndCall(f"the store of {root} is full")
    if _REFUSED.search(text):
        return FixTheConfiguration(f"the store refused access to {root}", next_command="conductor doctor")
    return RetryLater(f"the store of {root} did not answer as it should")
