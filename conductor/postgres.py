"""What PostgreSQL's errors ask for, whatever is kept there: the ledger sorts by this, and the warehouse."""

from __future__ import annotations

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater, StopAndCall

# Only connecting has no SQLSTATE in libpq; these phrases are the server's own, or the resolver's, and mean that waiting will not
# help.
REFUSALS = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "pg_hba.conf",
    "not permitted to log in",
    "Name or service not known",
)
COLLISIONS = frozenset({"40001", "40P01"})
# Lock timeout, statement timeout, out of memory, out of connections; a class of two digits is all of its codes.
PASSING = (*COLLISIONS, "55P03", "57014", "53200", "53300", "08", "57P", "25P03")
FAILING = ("53100", "58", "XX")


def sorted_by_code(sqlstate: str | None, message: str, place: str) -> ConductorError:
    """Sort an error by what to do. `place` is told, such as "ledger postgresql://host/database"; the message is not, as it may
    hold a value."""
    if sqlstate is None or sqlstate.startswith("28"):
        if sqlstate or any(phrase in message for phrase in REFUSALS):
            return FixTheConfiguration(
                f"The {place} refuses this user, address or database", next_command="conductor doctor"
            )
        return RetryLater(f"The {place} does not answer")
    if sqlstate.startswith(PASSING):
        return RetryLater(f"The {place} is busy or restarting (SQLSTATE {sqlstate})")
    if sqlstate.startswith(FAILING):
        return StopAndCall(f"The disk under the {place} is full or failing (SQLSTATE {sqlstate})")
    return unusable(place, f"SQLSTATE {sqlstate}")


def unusable(place: str, code: str) -> FixTheConfiguration:
    """Say that the database answered, but not as one of this version would."""
    return FixTheConfiguration(
        f"The {place} does not fit this program ({code})", next_command="conductor doctor"
    )
