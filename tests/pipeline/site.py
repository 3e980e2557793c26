"""A place where the nightly flow runs for a test: a home, an accounting sandbox, and the process of each run."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conductor.audit import Invariant, Scope, audit
from conductor.cli.commands.audit import evidence
from conductor.cli.connecting import connect_company, consenting
from conductor.embedded import open_embedded
from conductor.settings import load_settings
from conductor.workspace import Workspace
from pipeline.runs import PRELOADED, At, Errand, carry, save_block
from pipeline.warm_dbt import WarmDbt
from sandbox.quickbooks import Sandbox

PRODUCT = "finance/sales_receipts"
SEED = 20260302
START = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
PATIENCE = 300  # seconds; a run that takes longer hangs


class SetClock:
    """A clock that only its owner moves; aware, UTC."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


@dataclass(frozen=True)
class Told:
    """One line of a run's report: a moment of a step, or the error that ended it."""

    slot: str = ""
    step: str = ""
    moment: str = ""
    error: str = ""
    kinds: tuple[str, ...] = ()
    sentence: str = ""
    next: str | None = None


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, negative for a signal, and what it told."""

    code: int | None
    told: tuple[Told, ...]
    log: Path

    @property
    def error(self) -> Told:
        """What ended it; an empty line if nothing did."""
        return next((line for line in self.told if line.error), Told())

    def worked(self, slot: str) -> tuple[str, ...]:
        """Give the steps that had work to do for a slot, in order."""
        return tuple(line.step for line in self.told if line.slot == slot and line.moment == "finished")

    def well(self) -> Ended:
        """Give itself if the run ended well; fail with its error or its log otherwise."""
        assert self.code == 0, self.error if self.error.error else self.log.read_text()[-3000:]
        return self


class Running:
    """A run under way in its own process."""

    def __init__(self, errand: Errand, process: BaseProcess) -> None:
        self.errand = errand
        self.process = process

    def wait(self) -> Ended:
        """Wait for its end."""
        self.process.join(PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            raise AssertionError(
                f"the run hung: {self.errand.report.with_suffix('.log').read_text()[-3000:]}"
            )
        lines = self.errand.report.read_text().splitlines() if self.errand.report.exists() else []
        told = tuple(Told(**json.loads(line)) for line in lines)
        return Ended(self.process.exitcode, told, self.errand.report.with_suffix(".log"))

    def wait_until_stalled(self) -> None:
        """Wait until it has come to where it was to stop."""
        deadline = time.monotonic() + PATIENCE
        while not self.errand.report.with_suffix(".stalled").exists():
            assert self.process.is_alive(), self.errand.report.with_suffix(".log").read_text()[-3000:]
            assert time.monotonic() < deadline, "it did not come there"
            time.sleep(0.05)

    def resume(self) -> None:
        """Let a stalled run go on."""
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGCONT)


class Site:
    """A home with its sandbox. `block` makes the flows run in a workspace of a Prefect block instead of the embedded one.

    `variables` are what the block's references lead to.
    """

    def __init__(
        self,
        home: Path,
        sandbox: Sandbox,
        clock: SetClock,
        prefect: dict[str, str],
        block: dict[str, Any] | None,
        variables: dict[str, str],
        forked: bool,
    ) -> None:
        self.home = home
        self.sandbox = sandbox
        self.clock = clock
        self.block = block
        self.variables = variables
        self.workspace_name = f"site-{secrets.token_hex(6)}" if block is not None else "embedded"
        self._prefect = prefect
        self._processes = _forks(prefect) if forked else multiprocessing.get_context("spawn")
        self._dbt = WarmDbt.of_this_process() if forked else None
        self._runs = 0

    def environment(self, **settings: object) -> dict[str, str]:
        """Give the variables of a run; settings are added as such."""
        client = self.sandbox.settings.client
        own: dict[str, object] = {
            "home": self.home,
            "accounting_url": self.sandbox.url,
            "accounting_client_id": client.id,
            "accounting_client_secret": client.secret,
            "step_retry_seconds": "0.1",
            **settings,
        }
        return {f"CONDUCTOR_{name.upper()}": str(value) for name, value in own.items()} | self.variables

    def connect(self) -> None:
        """Give consent for both companies, as a person would in a browser."""
        workspace = self.workspace()
        try:
            for realm in (workspace.settings.accounting_realm, workspace.settings.group_realm):
                connect_company(workspace.tokens, workspace.settings, consenting(realm), seconds=30)
        finally:
            workspace.close()

    def start(
        self,
        day: date | None = None,
        *,
        kill: At | None = None,
        stall: At | None = None,
        replay: dict[str, Any] | None = None,
        refine: dict[str, Any] | None = None,
        dropped: dict[str, Any] | None = None,
        **settings: object,
    ) -> Running:
        """Begin a run of the nightly flow for a day, a replay, the refining of a batch, or a run for a dropped file."""
        self._runs += 1
        reports = self.home.parent / f"{self.home.name}-runs"
        reports.mkdir(exist_ok=True)
        errand = Errand(
            environment={**self._prefect, **self.environment(**settings)},
            report=reports / f"{self._runs:03}.jsonl",
            workspace=self.workspace_name,
            day=day,
            replay=replay,
            refine=refine,
            dropped=dropped,
            kill=kill,
            stall=stall,
            dbt=self._dbt.command if self._dbt else None,
        )
        process = self._processes.Process(target=carry, args=(errand,), daemon=True)
        process.start()
        return Running(errand, process)

    def run(self, day: date | None = None, **how: Any) -> Ended:
        """Run to the end, whatever it is."""
        return self.start(day, **how).wait()

    def save_block(self) -> None:
        """Keep the site's block, if it has one: once, for Prefect takes seconds over it."""
        if (block := self._block()) is None:
            return
        given = ({**self._prefect, **self.environment()}, self.workspace_name, block)
        process = self._processes.Process(target=save_block, args=given, daemon=True)
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0, "the block could not be saved"

    def _block(self) -> dict[str, Any] | None:
        if self.block is None:
            return None
        client = self.sandbox.settings.client
        accounting = {
            "url": self.sandbox.url,
            "realm": "9130350000000001",
            "group_realm": "9130350000000002",
            "client_id": client.id,
            "client_secret": "env:CONDUCTOR_ACCOUNTING_CLIENT_SECRET",
        }
        return {"home": str(self.home), "accounting": accounting, **self.block}

    def audited(self) -> list[str]:
        """Check all invariants; give what does not hold."""
        workspace = self.workspace()
        try:
            with TemporaryDirectory() as scratch:
                scope = Scope(None, None, tuple(Invariant))
                report = audit(evidence(workspace), scope, Path(scratch), lambda _: None)
        finally:
            workspace.close()
        assert report.unchecked == (), report.unchecked
        return [f"{each.invariant} {each.slot}: {each.sentence}" for each in report.findings]

    def workspace(self) -> Workspace:
        """Open the site's workspace to look at it."""

        def now() -> datetime:
            return datetime.now(UTC)

        if self.block is None:
            settings = load_settings(self.home, self.environment())
            return open_embedded(self.home, settings, now, "looking")
        from blocks.opening import open_loaded
        from blocks.workspace import Workspace as Block

        block = Block.model_validate(self._block())
        return open_loaded(block, self.workspace_name, self.environment(), now, "looking")


@contextmanager
def site(
    folder: Path,
    prefect: dict[str, str],
    *,
    block: dict[str, Any] | None = None,
    variables: dict[str, str] | None = None,
    forked: bool = True,
    **sandbox: Any,
) -> Iterator[Site]:
    """Make a site in a folder, connected to both companies of a sandbox of its own.

    Runs are `forked` from a process that has read the settings of the test run's one Prefect server; for another server they
    are not.
    """
    home = folder / "home"
    home.mkdir(parents=True, mode=0o700)
    clock = SetClock()
    options = {"receipts_per_day": 120, **sandbox}
    with Sandbox(SEED, clock, "client", secrets.token_hex(8), **options) as books:
        made = Site(home, books, clock, prefect, block, variables or {}, forked)
        made.save_block()
        made.connect()
        books.clear_requests()
        yield made


def _forks(prefect: dict[str, str]) -> ForkServerContext:
    """Give the server that forks runs. It imports the flows once, for which Prefect's settings have to be there."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    here = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])  # Python 3.11 does not hand it over
    with _environment({**prefect, "PYTHONPATH": here}):
        forkserver.ensure_running()
    return context


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
