"""`conductor demo`: one day from an accounting API to a revenue mart."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.commands.run import run_flow, tell
from conductor.cli.control import break_sandbox
from conductor.cli.home import EMBEDDED, Home
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from conductor.cli.session import ready_to_run
from conductor.values import Slot

DEMO_DAY = datetime.fromisoformat("2026-11-20")
PRODUCT = "finance/sales_receipts"


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="demo")(demo)


def demo(
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Business day.")] = DEMO_DAY,
    receipts: Annotated[
        int | None, typer.Option(help="Sales receipts per day in the sandbox; 5,000 at first.", min=100)
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option(
            help="Break the accounting API once, such as token_expired, reset, truncated or throttled."
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Carry one day of sales receipts from the bundled accounting sandbox to the revenue mart, and tell how it went."""
    began = time.monotonic()
    place = Home(home)
    quiet = as_json
    if not quiet:
        show.console.print(
            "[bold]Cloud Conductor[/]: one day of sales receipts, from an accounting API to a revenue mart."
        )
        show.console.print(
            f"[dim]Everything stays on this machine, in {place.path}. Starting the servers ...[/]"
        )
    with ExitStack() as stack:
        stack.enter_context(ready_to_run(place, EMBEDDED, receipts_per_day=receipts))
        if fault:
            break_sandbox(
                os.environ["CONDUCTOR_ACCOUNTING_URL"],
                place.sandbox_credentials().control_token,
                fault.replace("-", "_"),
            )
        run_flow("nightly-financials", day.date(), EMBEDDED, quiet=quiet)
    told = tell(home, EMBEDDED, Slot(dataset=PRODUCT, day=day.date()))
    if told is None:
        return
    seconds = time.monotonic() - began
    if as_json:
        show.as_json(asdict(told) | {"seconds": seconds})
        return
    show.story(told)
    show.console.print(f"Done in {seconds:.0f} seconds. Three things to try next:")
    for command, why in next_commands(home, told.batch):
        show.console.print(f"  [bold]{command}[/]\n      [dim]{why}[/]", soft_wrap=True)


def next_commands(home: Path, batch: str) -> tuple[tuple[str, str], ...]:
    """Give three commands to try after the demo, and what each shows."""
    command = ".venv/bin/conductor"
    suffix = "" if home == DEFAULT_HOME else f" --home {home}"
    return (
        (
            f"{command} demo --fault token_expired{suffix}",
            "break it: the API refuses the token in mid-run, and the day still ends right",
        ),
        (
            f"{command} explain {batch}{suffix}",
            "ask for the story of the batch: what came, what went where, what it cost",
        ),
        (
            f"{command} replay {batch} --set Line.SalesItemLineDetail.ItemRef.value=1 --where _reasons=UNKNOWN_ITEM "
            f"--by you --reason 'wrong item'{suffix}",
            "mend rows that were set aside: they come home once, as a new version of the day",
        ),
    )
