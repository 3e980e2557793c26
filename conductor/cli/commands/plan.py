"""`conductor plan`: decide everything, write nothing."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.commands.run import FLOWS, flow_named
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import DEFAULT_HOME, DayOption, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import accounting_at_hand, opened
from conductor.cli.shadow import shadow_home
from conductor.planning import SlotPlan, plan_slot
from conductor.settings import load_settings
from conductor.workspace import Workspace


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="plan")(plan)


def plan(
    flow: Annotated[str, typer.Argument(help="Which flow: nightly-financials.")] = "nightly-financials",
    day: DayOption = None,
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Say what a run would do and why: which days, which version, which steps, which engine. Nothing is written.

    The source is asked as a run would ask it. Example: conductor plan --day 2026-11-20
    """
    dataset = FLOWS[flow_named(flow)]
    with _looking(home, workspace) as found:
        plans = tuple(_plans(found, dataset, day.date() if day else None))
    if as_json:
        show.as_json(
            [asdict(each) | {"slot": each.slot.id, "engine": each.engine.model_dump()} for each in plans]
        )
    else:
        _show(plans)


def _plans(found: Workspace, dataset: str, day: date | None) -> Generator[SlotPlan]:
    from flows.steps.changed import changed
    from flows.steps.night import Night, business_day

    tonight = Night(found, dataset, business_day(day, found.now(), found.settings))
    unfinished = {slot.id for slot in found.ledger.unfinished(dataset)}
    for slot in changed(tonight):
        own = slot.day == tonight.day
        why = "asked for" if own else "cut short" if slot.id in unfinished else "changed at the source"
        yield from plan_slot(found, slot, why, found.scratch, fresh=own)


@contextmanager
def _looking(home: Path, workspace: str) -> Generator[Workspace]:
    """Open a workspace so that nothing of it changes."""
    with ExitStack() as stack:
        if workspace == EMBEDDED:
            bundled = not load_settings(home, os.environ).accounting_url
            home = stack.enter_context(shadow_home(home, with_tokens=bundled))
            stack.enter_context(accounting_at_hand(Home(home).make()))
            (home / "ledger.sqlite").touch()
        yield stack.enter_context(opened(home, workspace))


def _show(plans: tuple[SlotPlan, ...]) -> None:
    rows = [
        (
            each.slot.id,
            each.version,
            "; ".join((each.why, *each.changes)),
            f"{each.rows:,}",
            each.engine.engine,
            ", ".join(each.steps) or "nothing: it is done",
        )
        for each in plans
    ]
    show.table(
        "what a run would do", ("slot", "version", "why", "rows", "engine", "steps"), rows, right=(1, 3)
    )
    for reason in dict.fromkeys(f"{each.engine.engine}: {each.engine.reason}" for each in plans):
        show.line(f"engine {reason}")
    show.line("next: conductor run nightly-financials")
