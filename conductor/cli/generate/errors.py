"""The page of errors: which there are, and what the product does about each."""

from __future__ import annotations

import inspect

from conductor import errors
from conductor.cli.generate.markdown import code, document, table
from conductor.errors import ConductorError, LeaseHeld, LeaseLost, RetryLater, Superseded
from conductor.notify.notice import PAGED
from conductor.notify.notices import failure
from conductor.values import Slot

HOW = """\
An error's class says what to do about it. Notices go to the receivers that are set: Slack and mail get all of them, PagerDuty those
that wake a person. [The runbooks](../runbooks/README.md) say what that person does."""
ANY_SLOT = Slot.parse("finance/sales_receipts/2026-11-20")


def page() -> str:
    """Give the page: every class, when it is raised, and whether it is tried again, told and paged."""
    classes = [
        found
        for found in vars(errors).values()
        if inspect.isclass(found) and issubclass(found, ConductorError)
    ]
    rows = [(code(each.__name__), _parents(each), _when(each), _effect(each)) for each in classes]
    return document(
        "Errors", "`conductor/errors.py`", HOW, table(("class", "is a", "when", "what happens"), rows)
    )


def _when(error: type[ConductorError]) -> str:
    return (inspect.getdoc(error) or "").partition("\n\n")[0]


def _parents(error: type[ConductorError]) -> str:
    return ", ".join(code(base.__name__) for base in error.__bases__ if issubclass(base, ConductorError))


def _effect(error: type[ConductorError]) -> str:
    again = issubclass(error, RetryLater) and not issubclass(error, LeaseHeld)
    return f"{'the step is tried again, then the run fails' if again else 'the run fails at once'}; {_told(error)}"


def _told(error: type[ConductorError]) -> str:
    if issubclass(error, LeaseLost | Superseded):
        return "nobody is told: the run that overtook this one tells"
    notice = failure(ANY_SLOT, error("what is wrong"))
    who = "PagerDuty is called" if notice.problem in PAGED else "nobody is woken"
    return f"a notice of severity {notice.severity}; {who}"
