"""`conductor explain`: why it is as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from conductor import story
from conductor.cli import show
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.errors import FixTheConfiguration
from conductor.story import Story
from conductor.values import Slot
from conductor.workspace import Workspace

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="explain")(explain)


def explain(
    what: Annotated[
        str, typer.Argument(help="A batch id, an event id, a run id, a day (YYYY-MM-DD) or a slot.")
    ],
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Tell the story of a batch, an event, a run, a day or a slot: what came, what went where, what failed and what comes next."""
    with opened(home, workspace) as found:
        stories = tuple(_stories(found, what))
        failures = tuple(_failures(found, what))
    if as_json:
        show.as_json({"stories": [asdict(told) for told in stories], "failures": failures})
        return
    if not stories and not failures:
        raise FixTheConfiguration(f"nothing is known of {what!r}", next_command="conductor status")
    for told in stories:
        show.story(told)
    for failure in failures:
        show.console.print(
            f"[red]✗[/] {failure['slot']}, attempt {failure['attempt']}: {failure['sentence']}",
            soft_wrap=True,
        )
        if failure["next"]:
            show.console.print(f"  next: [bold]{failure['next']}[/]", soft_wrap=True)


def _stories(found: Workspace, what: str) -> Iterator[Story]:
    ledger = found.ledger
    for slot in _slots(found, what):
        for row in ledger.history(slot):
            yield story.tell(ledger, row.batch)
    for row in ledger.batches(limit=10_000):
        if what == row.batch.id or what in {event.id for event in ledger.events(row.batch.id)}:
            yield story.tell(ledger, row.batch)


def _failures(found: Workspace, what: str) -> Iterator[dict[str, object]]:
    slots = set(_slots(found, what))
    for attempt in found.ledger.recent_attempts(1000):
        if attempt.error and (attempt.slot in slots or what in (attempt.batch, attempt.run_id)):
            yield {
                "slot": attempt.slot.id,
                "attempt": attempt.attempt,
                "sentence": attempt.error.sentence,
                "next": attempt.error.next_command,
            }


def _slots(found: Workspace, what: str) -> list[Slot]:
    known = [slot for dataset in found.products for slot in found.ledger.slots(dataset)]
    if DAY.fullmatch(what):
        return [slot for slot in known if slot.day.isoformat() == what]
    return [slot for slot in known if slot.id == what]
