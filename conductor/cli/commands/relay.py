"""`conductor relay`: deliver the events that are due."""

from __future__ import annotations

import typer

from conductor.cli import show
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.errors import LeaseHeld
from conductor.events.relay import Attempted


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="relay")(relay)


def relay(
    home: HomeOption = DEFAULT_HOME, workspace: WorkspaceOption = "embedded", as_json: JsonOption = False
) -> None:
    """Make one pass over the events that no run has delivered. What fails is due again in the next pass; the exit code is then 1.

    While another process delivers, that one does it all and this one does nothing.
    """
    from flows.steps import subscribers

    tried: tuple[Attempted, ...] = ()
    with opened(home, workspace) as found:
        try:
            with subscribers.sole_relay(found):
                tried = subscribers.relay(found).run_once()
        except LeaseHeld as held:
            if not as_json:
                show.line(held.sentence)
    if as_json:
        show.as_json({"attempts": [_told(each) for each in tried]})
    else:
        _show(tried)
    if not all(each.delivered for each in tried):
        raise typer.Exit(1)


def _told(each: Attempted) -> dict[str, object]:
    return {
        "event": each.event.id,
        "subject": each.event.subject,
        "subscriber": each.subscriber,
        "delivered": each.delivered,
        "sentence": each.sentence,
    }


def _show(tried: tuple[Attempted, ...]) -> None:
    for each in tried:
        mark, style = ("✓", "green") if each.delivered else ("✗", "red")
        what = f"{each.event.type} of {each.event.subject} to {each.subscriber}"
        show.line(f"{what}: {each.sentence}" if each.sentence else what, mark=mark, style=style)
    if not tried:
        show.line("nothing is due", mark="✓", style="green")
