"""Carry events from the outbox to every subscriber, at least once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event as Signal

from conductor.errors import ConductorError, FixTheConfiguration, RetryLater
from conductor.events.protocol import Outbox, Subscriber
from conductor.ledger.rows import Event


@dataclass(frozen=True)
class Attempted:
    """What became of one try. `sentence` says why it failed; empty if it did not."""

    event: Event
    subscriber: str
    delivered: bool
    sentence: str = ""


class Relay:
    """One lane and one thread per subscriber, so a slow or failing one holds up nobody but itself.

    The outbox hears of a delivery after the subscriber has the event: killed in between, the relay delivers
    it again under the same id. A pass takes at most `batch` events a lane, and ends early after `patience`
    failures in a row: by then the subscriber is down rather than an event bad.
    """

    def __init__(
        self, outbox: Outbox, subscribers: Sequence[Subscriber], batch: int = 100, patience: int = 3
    ) -> None:
        names = [subscriber.name for subscriber in subscribers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise FixTheConfiguration(f"more than one subscriber is called {', '.join(twice)}")
        self._outbox = outbox
        self._subscribers = tuple(subscribers)
        self._batch = batch
        self._patience = patience

    def run_once(self) -> tuple[Attempted, ...]:
        """Make one pass in every lane and give all that was tried. Repeats: tries what is left and due."""
        with self._threads() as threads:
            lanes = list(threads.map(self._pass, self._subscribers))
        return tuple(attempted for lane in lanes for attempted in lane)

    def run(self, stop: Signal, report: Callable[[Attempted], None], every: float = 2.0) -> None:
        """Make a pass `every` so many seconds until `stop` is set; the lanes' threads call `report`.

        An outbox that is not ready is asked again; any other error of it stops all lanes and is raised.
        """
        with self._threads() as threads:
            lanes = [threads.submit(self._keep_going, one, stop, report, every) for one in self._subscribers]
            try:
                wait(lanes, return_when=FIRST_EXCEPTION)
            finally:  # also when a person interrupts: each lane ends with its present pass
                stop.set()
        for lane in lanes:
            lane.result()

    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max(1, len(self._subscribers)), "relay")

    def _keep_going(
        self, subscriber: Subscriber, stop: Signal, report: Callable[[Attempted], None], every: float
    ) -> None:
        while not stop.is_set():
            try:
                for attempted in self._pass(subscriber):
                    report(attempted)
            except RetryLater:
                pass  # the outbox is away for a moment: nothing is lost, the next pass asks again
            stop.wait(every)

    def _pass(self, subscriber: Subscriber) -> tuple[Attempted, ...]:
        attempts: list[Attempted] = []
        failed_in_a_row = 0
        for event in self._outbox.undelivered(subscriber.name, self._batch):
            attempts.append(self._try(subscriber, event))
            failed_in_a_row = 0 if attempts[-1].delivered else failed_in_a_row + 1
            if failed_in_a_row == self._patience:
                break
        return tuple(attempts)

    def _try(self, subscriber: Subscriber, event: Event) -> Attempted:
        sentence = _refusal(subscriber, event)
        if sentence is not None:
            self._outbox.failed_delivery(event.id, subscriber.name, sentence)
            return Attempted(event, subscriber.name, delivered=False, sentence=sentence)
        self._outbox.delivered(event.id, subscriber.name)
        return Attempted(event, subscriber.name, delivered=True)


def _refusal(subscriber: Subscriber, event: Event) -> str | None:
    """Deliver, and give the sentence that says why it failed; None if it did not."""
    try:
        subscriber.deliver(event)
    except ConductorError as error:
        return error.sentence
    except Exception as error:  # a subscriber is other people's code: whatever it raises stays in its lane
        return f"{subscriber.name} failed unexpectedly: {type(error).__name__}"
    return None
