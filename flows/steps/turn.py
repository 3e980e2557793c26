"""A turn: one attempt at one slot, under a lease, with all that its steps need at hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from conductor.contracts.model import Product
from conductor.errors import ConductorError, FixTheData, LeaseLost, Superseded, Unforeseen
from conductor.ledger import ErrorRecord, Event, Lease
from conductor.values import Batch, Slot, State, Value, digest
from conductor.workspace import Workspace
from flows.steps.holder import Errand
from flows.steps.leased import renewed
from flows.steps.log import AttemptLog, Level, told
from flows.steps.measure import measured
from flows.steps.progress import Moment, Progress, tell_listeners
from flows.steps.taking import require_current, take

V = TypeVar("V", bound=Value)
LEVELS: dict[str, Level] = {"failed": "error", "superseded": "warning"}
HANDED_OVER = "handed over"


@dataclass(frozen=True)
class Unfiled:
    """A step that finished before its batch was known."""

    verb: str
    value: Value
    seconds: float
    peak_mib: float


class Turn:
    """What a step may touch: the workspace, the product, the slot, the lease, and a scratch folder of this attempt's own.

    Prefect looks into the arguments of tasks; a plain class it leaves alone.
    """

    def __init__(
        self, workspace: Workspace, product: Product, slot: Slot, lease: Lease, attempt: int, scratch: Path
    ) -> None:
        self.workspace = workspace
        self.product = product
        self.slot = slot
        self.lease = lease
        self.attempt = attempt
        self.log = AttemptLog(workspace, slot, attempt, lease.epoch)
        self.scratch = scratch
        self.away = False
        self.batch: Batch | None = None
        self.unfiled: list[Unfiled] = []
        self.worked = False

    def once(
        self,
        verb: str,
        function: Callable[[], V],
        previous: tuple[object, ...],
        gives: type[V],
        state: State | None,
        events: Callable[[Turn, Any], tuple[Event, ...]] | None,
    ) -> V:
        """Give the step's value: the remembered one, or that of running it now, which the ledger then remembers."""
        ledger = self.workspace.ledger
        batch = _batch_of(previous)
        if batch and (known := ledger.remembered(batch.id, verb, gives)):
            self._tell(verb, "remembered", known)
            return known
        ledger.ensure(self.lease)
        self._tell(verb, "started")
        try:
            with measured() as cost:
                value = function()
        except ConductorError as error:
            self._failed(error, verb, batch)
            error.hush()
            raise
        except Exception as error:
            unforeseen = Unforeseen.of(error)
            self._failed(unforeseen, verb, batch)
            raise unforeseen from None  # the text of the other may quote a row, and Prefect would show it
        self._tell(verb, "done", value)
        if batch:
            self.worked = True
            ledger.remember(
                batch.id,
                verb,
                value,
                state=state,
                rows=_rows(value),
                seconds=cost.seconds,
                peak_mib=cost.peak_mib,
                epoch=self.lease.epoch,
                events=events(self, value) if events else (),
            )
        else:
            self.unfiled.append(Unfiled(verb, value, cost.seconds, cost.peak_mib))
        self._tell(verb, "finished", value, cost.seconds, cost.peak_mib)
        return value

    @contextmanager
    def handed_over(self, batch: Batch) -> Generator[None]:
        """Leave the slot to the run that refines the batch, for the body, and take it again as an attempt of its own.

        If the body fails it stays with the others: nothing can be written any more. `LeaseHeld` if another run has taken it
        meanwhile, `Superseded` if that one opened a newer version.
        """
        ledger = self.workspace.ledger
        if not self.away:
            self.away = True
            self.log.add("ended", batch, outcome=HANDED_OVER)
            ledger.end(self.slot, self.attempt, HANDED_OVER, batch.id)
            shutil.rmtree(self.scratch, ignore_errors=True)
            ledger.release(self.lease)
        yield
        self.lease = take(self.workspace, self.slot)
        self.attempt = ledger.begin(self.slot, self.workspace.run_id, self.lease.epoch)
        self.log = AttemptLog(self.workspace, self.slot, self.attempt, self.lease.epoch)
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.away = False
        require_current(self.workspace, batch)

    def _failed(self, error: ConductorError, verb: str, batch: Batch | None) -> None:
        error.step = error.step or verb
        error.batch = error.batch or (batch.id if batch else None)
        self.log.add("failed", self.batch, step=verb, level="warning", error=error)

    def _tell(
        self, verb: str, moment: Moment, value: Value | None = None, seconds: float = 0, peak: float = 0
    ) -> None:
        rows = _rows(value) if value else None
        self.log.add(moment, self.batch, step=verb, seconds=seconds or None, rows=rows)
        tell_listeners(Progress(self.slot, verb, moment, value, seconds, peak))


@contextmanager
def turn(workspace: Workspace, slot: Slot, errand: Errand = Errand.CARRY) -> Generator[Turn]:
    """Take the slot's turn: lease and scratch folder for the body, and a row in the history of attempts whatever comes of it.

    `LeaseHeld` if another living run has it; another process of this run, and one that refines, is waited for. Repeats: a slot
    whose run died is taken over at once on the same machine, and when its lease has run out elsewhere.
    """
    product = workspace.product(slot.dataset)
    ttl = timedelta(seconds=workspace.settings.lease_seconds)
    lease = take(workspace, slot, errand)
    attempt = workspace.ledger.begin(slot, workspace.run_id, lease.epoch)
    scratch = workspace.scratch / f"{slot.id.replace('/', '-')}-{lease.epoch}"
    mine = Turn(workspace, product, slot, lease, attempt, scratch)
    error: BaseException | None = None
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with renewed(workspace.ledger, lambda: mine.lease, ttl):
            yield mine
    except BaseException as caught:
        error = caught
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _close(mine, error)


def _close(mine: Turn, error: BaseException | None) -> None:
    ledger, outcome = mine.workspace.ledger, _outcome(mine, error)
    if mine.away:  # what failed is the other run's, which has said so
        return
    mine.log.add("ended", mine.batch, level=LEVELS.get(outcome, "info"), outcome=outcome, error=error)
    ledger.end(mine.slot, mine.attempt, outcome, mine.batch.id if mine.batch else None, _record(error))
    if error is None:
        ledger.clear_failures(mine.slot)
    elif isinstance(error, FixTheData | Unforeseen) or not isinstance(
        error, ConductorError | KeyboardInterrupt
    ):
        _count(mine, error)
    ledger.release(mine.lease)


def _count(mine: Turn, error: BaseException) -> None:
    """Count a failure that no waiting mends; a batch that failed the same way too often is put aside as poison.

    Nightly runs leave it alone then; new content, a new contract or a run that names the day takes the slot up again.
    """
    ledger, limit = mine.workspace.ledger, mine.workspace.settings.poison_after
    step = (error.step if isinstance(error, ConductorError) else None) or "carry"
    batch = mine.batch.id if mine.batch else ""
    times = ledger.count_failure(mine.slot, step, type(error).__name__, digest(batch, str(error)))
    if mine.batch and times >= limit:
        with suppress(ConductorError):  # overtaken meanwhile: the newer run says where the slot stands
            ledger.mark(
                batch,
                State.DEAD,
                f"put aside after {times} equal failures: {told(error).sentence}",
                mine.lease.epoch,
            )


def _outcome(mine: Turn, error: BaseException | None) -> str:
    if isinstance(error, Superseded | LeaseLost):
        return "superseded"
    if error:
        return "failed"
    return "done" if mine.worked else "nothing to do"


def _record(error: BaseException | None) -> ErrorRecord | None:
    if error is None:
        return None
    return told(error)


def _batch_of(previous: tuple[object, ...]) -> Batch | None:
    for value in reversed(previous):
        batch = value if isinstance(value, Batch) else getattr(value, "batch", None)
        if isinstance(batch, Batch):
            return batch
    return None


def _rows(value: Value) -> int | None:
    rows = getattr(value, "rows", None)
    if rows is None and (counts := getattr(value, "counts", None)):
        rows = counts.accepted
    return rows if isinstance(rows, int) else None
