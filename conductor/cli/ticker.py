"""Lines of progress while a flow runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

from conductor.road import BEFORE_THE_BATCH
from conductor.values import Slot
from flows.steps import progress
from flows.steps.progress import Progress


@contextmanager
def ticking(dataset: str, *, quiet: bool) -> Generator[dict[Slot, bool]]:
    """Print a line for each finished step; give the dataset's slots that were seen, and whether a step had work to do there."""
    seen: dict[Slot, bool] = {}
    console = Console(highlight=False, quiet=quiet)
    with console.status("starting") as status:

        def listen(moment: Progress) -> None:
            if moment.slot.dataset == dataset:
                worked = moment.moment == "finished" and moment.step not in BEFORE_THE_BATCH
                seen[moment.slot] = seen.get(moment.slot, False) or worked
            _line(console, status, moment)

        progress.listeners.append(listen)
        try:
            yield seen
        finally:
            progress.listeners.remove(listen)


def _line(console: Console, status: Status, moment: Progress) -> None:
    if moment.moment == "started":
        status.update(f"{moment.slot.id}  {moment.step}")
    elif moment.moment == "remembered":
        console.print(f"[dim]· {moment.slot.id}  {moment.step:<9} done before[/]")
    elif moment.moment == "finished":
        cost = f"{moment.seconds:6.2f} s  {moment.peak_mib:5.0f} MiB"
        console.print(f"[green]✓[/] {moment.slot.id}  {moment.step:<9} [dim]{cost}[/]")
