"""A night: one run of a nightly flow, over one business day and the days that changed since they were carried."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prefect.runtime import flow_run

from conductor.errors import (
    ApprovalNeeded,
    ConductorError,
    FixTheConfiguration,
    FixTheData,
    LeaseHeld,
    LeaseLost,
    RetryLater,
    Superseded,
    Unforeseen,
)
from conductor.settings import Settings
from conductor.values import Slot
from conductor.workspace import Workspace
from flows.steps.opening import utc_now
from flows.steps.tell import tell, tell_failure
from flows.steps.this_run import workspace_of_run
from flows.steps.turn import turn


class Night:
    """The workspace of a run, the product it carries and the business day that it is for, which make its own `slot`; `slots`
    grows as others are found.
    """

    def __init__(self, workspace: Workspace, dataset: str, day: date, part: str = "") -> None:
        self.workspace = workspace
        self.dataset = dataset
        self.day = day
        self.slot = Slot(dataset=dataset, day=day, part=part)
        self.slots: list[Slot] = []
        self.failed: list[tuple[Slot, ConductorError]] = []

    @contextmanager
    def apart(self, slot: Slot) -> Generator[None]:
        """Let a slot fail without the others: what is its own matter is told, and raised when the night is over.

        What is wrong with the configuration, or must stop, ends the night at once. Another day's slot that another run has, or
        has carried meanwhile, is that run's.
        """
        try:
            yield
        except (LeaseHeld, LeaseLost, Superseded):
            if slot.day == self.day:
                raise
        except (RetryLater, FixTheData, ApprovalNeeded) as error:
            self.failed.append((slot, error))


@contextmanager
def night(
    workspace: str, dataset: str, day: date | None, *, part: str = "", again: str | None = None
) -> Generator[Night]:
    """Open the workspace and settle the day; if the body fails, tell the people who are to know, with cause and next command."""
    scheduled = flow_run.scheduled_start_time or utc_now()
    with workspace_of_run(workspace) as opened:
        tonight = Night(opened, dataset, business_day(day, scheduled, opened.settings), part)
        with telling(tonight, tonight.slot, again):
            yield tonight


@contextmanager
def mending(workspace: str, batch: str) -> Generator[tuple[Workspace, Slot]]:
    """Open the workspace for work on a batch that is there, and give it with the batch's slot; people are told as of a night."""
    with workspace_of_run(workspace) as opened:
        slot = opened.ledger.batch(batch).batch.slot
        mended = Night(opened, slot.dataset, slot.day)
        mended.slots = [slot]
        with telling(mended, slot, again=f"conductor replay {batch}, with the same words as before"):
            yield opened, slot


@contextmanager
def telling(tonight: Night, own: Slot, again: str | None = None) -> Generator[None]:
    """Tell of each slot how it went, when the body is over; raise the first failure.

    What failed outside of the slots' turns counts as the own slot's. `again` is what to type once the world is ready.
    """
    try:
        yield
    except Exception as error:
        tonight.failed.append((own, _known(error)))
    for slot, error in tonight.failed:
        error.hush()
        error.next_command = error.next_command or _next_command(slot, error, again)
        _leave_trace(tonight.workspace, slot, error)
    tell(tonight.workspace, tonight.slots)
    for slot, error in tonight.failed:
        tell_failure(tonight.workspace, slot, error)
    if tonight.failed:
        raise tonight.failed[0][1]


def _leave_trace(workspace: Workspace, slot: Slot, error: ConductorError) -> None:
    """Have an attempt in the ledger that says what was wrong, where the run came to none at the slot.

    Not of a slot that another run has. A ledger that takes nothing may be what is wrong: then the notice has to do.
    """
    if isinstance(error, LeaseHeld):
        return
    with suppress(Exception):
        if all(attempt.slot != slot for attempt in workspace.ledger.attempts_of(workspace.run_id)):
            with turn(workspace, slot):
                raise error


def _known(error: Exception) -> ConductorError:
    """Take an error that nobody foresaw for one that a person has to look at; its text may hold anything, so it is not told."""
    return error if isinstance(error, ConductorError) else Unforeseen.of(error)


def _next_command(slot: Slot, error: ConductorError, again: str | None) -> str:
    """Give what to type where the error does not say it: again later, or look first."""
    if isinstance(error, RetryLater):
        return again or f"conductor run nightly-financials --day {slot.day}"
    return f"conductor explain {slot.id}"


def business_day(day: date | None, scheduled: datetime, settings: Settings) -> date:
    """Give the day asked for or, left empty, the one before the scheduled time, in the workspace's zone.

    A day that has not begun where the workspace lives is `FixTheConfiguration`.
    """
    local = scheduled.astimezone(ZoneInfo(settings.timezone)).date()
    if day is None:
        return local - timedelta(days=1)
    if day > local:
        raise FixTheConfiguration(
            f"{day.isoformat()} has not begun yet in {settings.timezone}: there is nothing to carry",
            next_command=f"conductor run nightly-financials --day {(local - timedelta(days=1)).isoformat()}",
        )
    return day
