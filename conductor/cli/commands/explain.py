"""`conductor explain`: why it is as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from conductor import story
from conductor.cli import show
from conductor.cli.named import find_batch
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.errors import FixTheConfiguration
from conductor.ledger import Attempt, Incident
from conductor.values import Batch, Slot
from conductor.workspace import Workspace

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Failure:
    """An attempt that did not get through: which, the class of its error, what it said and what comes next."""

    slot: str
    attempt: int
    since: str
    step: str | None
    error: str
    sentence: str
    next: str | None


@dataclass(frozen=True)
class Found:
    """What a person's word stands for; `runs` are those that may have met with something on the cluster."""

    batches: tuple[Batch, ...]
    attempts: tuple[Attempt, ...]
    runs: tuple[str, ...]


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="explain")(explain)


def explain(
    what: Annotated[
        str,
        typer.Argument(
            help="A batch id (six or more of its first characters), an event id, a run id, a day (YYYY-MM-DD) or a slot."
        ),
    ],
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Tell the story of a batch, an event, a run, a day or a slot: what came, what went where, what failed and what comes next."""
    with opened(home, workspace) as found:
        meant = find(found, what)
        stories = [story.tell(found.ledger, batch) for batch in meant.batches]
        incidents = found.ledger.incidents(meant.runs)
    failures = [failure for attempt in meant.attempts for failure in _failure(attempt)]
    if not stories and not meant.attempts and not incidents:
        raise FixTheConfiguration(f"nothing is known of {what!r}", next_command="conductor status")
    if as_json:
        show.as_json(
            {
                "stories": [asdict(told) for told in stories],
                "failures": [asdict(each) for each in failures],
                "incidents": [asdict(each) for each in incidents],
            }
        )
        return
    for told in stories:
        show.story(told)
    _show(failures)
    _show_incidents(incidents)


def find(found: Workspace, what: str) -> Found:
    """Give the batches and attempts that a word stands for; none if it stands for nothing."""
    ledger = found.ledger
    if slots := _slots(found, what):
        attempts = tuple(attempt for slot in slots for attempt in ledger.attempts(slot))
        return Found(
            tuple(row.batch for slot in slots for row in ledger.history(slot)), attempts, _runs(attempts)
        )
    if event := ledger.event(what):
        return _of_batch(found, ledger.batch(event.batch).batch)
    if attempts := ledger.attempts_of(what):
        ids = dict.fromkeys(attempt.batch for attempt in attempts if attempt.batch)
        return Found(tuple(ledger.batch(name).batch for name in ids), attempts, (what,))
    row = find_batch(ledger, what)
    return _of_batch(found, row.batch) if row else Found((), (), (what,))


def _of_batch(found: Workspace, batch: Batch) -> Found:
    """An attempt whose pod was lost names no batch; it may have been at this one."""
    attempts = found.ledger.attempts(batch.slot)
    its_own = tuple(attempt for attempt in attempts if attempt.batch == batch.id)
    return Found((batch,), its_own, _runs(each for each in attempts if each.batch in (batch.id, None)))


def _runs(attempts: Iterable[Attempt]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(attempt.run_id for attempt in attempts))


def _slots(found: Workspace, what: str) -> Sequence[Slot]:
    known = [slot for dataset in found.products for slot in found.ledger.slots(dataset)]
    if DAY.fullmatch(what):
        return [slot for slot in known if slot.day.isoformat() == what]
    return [slot for slot in known if slot.id == what]


def _failure(attempt: Attempt) -> Iterable[Failure]:
    if error := attempt.error:
        yield Failure(
            attempt.slot.id,
            attempt.attempt,
            attempt.started_at.isoformat(timespec="seconds"),
            error.step,
            error.error_class,
            error.sentence,
            error.next_command,
        )


def _show(failures: Sequence[Failure]) -> None:
    for each in failures:
        where = f", step {each.step}" if each.step else ""
        show.line(f"{each.slot}, attempt {each.attempt} of {each.since}{where}", mark="✗", style="red")
        show.line(f"  {each.error}: {each.sentence}")
        if each.next:
            show.line(f"  next: {each.next}")


def _show_incidents(incidents: Sequence[Incident]) -> None:
    for each in incidents:
        show.line(
            f"on the cluster, {each.at:%Y-%m-%d %H:%M:%S} UTC, run {each.run_id}: {each.category}",
            mark="✗",
            style="red",
        )
        show.line(f"  {each.sentence}")
        show.line(f"  {each.resolution} See {each.runbook}")
