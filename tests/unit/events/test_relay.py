import threading
from datetime import timedelta

import pytest

from conductor.errors import FixTheConfiguration, RetryLater, StopAndCall
from conductor.events.relay import Attempted, Relay
from conductor.ledger import Event, Ledger

from .conftest import Clock, announce, fact

LONG = timedelta(days=1)  # longer than the longest wait of the outbox


class Listener:
    """Keeps what it is told; refuses the ids that it is given."""

    def __init__(self, name: str, *refused: str) -> None:
        self.name = name
        self.refused = set(refused)
        self.tried: list[Event] = []
        self.has: list[Event] = []

    def deliver(self, event: Event) -> None:
        self.tried.append(event)
        if event.id in self.refused:
            raise RetryLater(f"{self.name} cannot take it now")
        self.has.append(event)


class Gate:
    """Takes nothing until it is opened."""

    name = "slow"

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def deliver(self, event: Event) -> None:
        self.entered.set()
        self.open.wait()


def outcomes(attempts: tuple[Attempted, ...]) -> list[tuple[str, str, bool]]:
    return [(attempted.subscriber, attempted.event.id, attempted.delivered) for attempted in attempts]


def test_every_subscriber_gets_every_event_oldest_first_and_once(ledger: Ledger) -> None:
    events = [fact(22), fact(20), fact(21)]
    announce(ledger, *events)
    listeners = [Listener("dashboard"), Listener("risk")]
    relay = Relay(ledger, listeners)
    assert outcomes(relay.run_once()) == [
        (listener.name, event.id, True) for listener in listeners for event in events
    ]
    assert relay.run_once() == ()
    assert [listener.has for listener in listeners] == [events, events]


def test_a_failing_subscriber_costs_the_others_nothing(ledger: Ledger) -> None:
    announce(ledger, fact(20), fact(21))
    failing, well = Listener("failing", fact(20).id, fact(21).id), Listener("well")
    attempts = Relay(ledger, [failing, well]).run_once()
    assert [event.id for event in well.has] == [fact(20).id, fact(21).id]
    failed = [attempted for attempted in attempts if not attempted.delivered]
    assert {attempted.sentence for attempted in failed} == {"failing cannot take it now"}
    assert {delivery.sentence for delivery in ledger.deliveries(fact(20).id)} == {
        None,
        "failing cannot take it now",
    }


def test_a_slow_subscriber_holds_up_nobody_else(ledger: Ledger) -> None:
    announce(ledger, fact(20))
    slow, quick = Gate(), Listener("quick")
    quick_has = threading.Semaphore(0)
    stop = threading.Event()

    def report(attempted: Attempted) -> None:
        if attempted.subscriber == "quick":
            quick_has.release()

    relay = Relay(ledger, [slow, quick])
    running = threading.Thread(target=relay.run, args=(stop, report, 0.01))
    running.start()
    try:
        assert slow.entered.wait(30)
        assert quick_has.acquire(timeout=30)
        announce(ledger, fact(21))  # comes while the slow one still sits on the first
        assert quick_has.acquire(timeout=30)
        assert not slow.open.is_set()
    finally:
        stop.set()
        slow.open.set()
        running.join()
    assert [event.id for event in quick.has] == [fact(20).id, fact(21).id]


def test_a_failed_event_waits_while_later_ones_go_and_comes_again(ledger: Ledger, clock: Clock) -> None:
    announce(ledger, fact(20), fact(21))
    listener = Listener("risk", fact(20).id)
    relay = Relay(ledger, [listener])
    assert outcomes(relay.run_once()) == [("risk", fact(20).id, False), ("risk", fact(21).id, True)]
    assert relay.run_once() == (), "its wait is not over"
    listener.refused.clear()
    clock.move(LONG)
    assert outcomes(relay.run_once()) == [("risk", fact(20).id, True)]


def test_waits_outlive_the_relay(ledger: Ledger) -> None:
    announce(ledger, fact(20))
    listener = Listener("risk", fact(20).id)
    Relay(ledger, [listener]).run_once()
    assert Relay(ledger, [listener]).run_once() == ()


def test_a_subscriber_that_is_down_is_tried_a_few_times_a_pass(ledger: Ledger) -> None:
    events = [fact(day) for day in range(1, 11)]
    announce(ledger, *events)
    listener = Listener("down", *(event.id for event in events))
    Relay(ledger, [listener], patience=3).run_once()
    assert [event.id for event in listener.tried] == [event.id for event in events[:3]]


def test_a_pass_takes_no_more_than_its_batch(ledger: Ledger) -> None:
    events = [fact(day) for day in range(1, 8)]
    announce(ledger, *events)
    listener = Listener("risk")
    relay = Relay(ledger, [listener], batch=3)
    assert [len(relay.run_once()) for _ in range(4)] == [3, 3, 1, 0]
    assert listener.has == events


def test_events_that_fail_for_ever_do_not_hide_those_behind_them(ledger: Ledger) -> None:
    poison = [fact(day) for day in (1, 2, 3)]
    announce(ledger, *poison, fact(9))
    listener = Listener("risk", *(event.id for event in poison))
    relay = Relay(ledger, [listener], batch=2, patience=2)
    for _ in range(3):
        relay.run_once()
    assert listener.has == [fact(9)]


def test_whatever_a_subscriber_raises_stays_in_its_lane(ledger: Ledger) -> None:
    class Broken(Listener):
        def deliver(self, event: Event) -> None:
            raise KeyError("row: 4111 1111")

    announce(ledger, fact(20))
    well = Listener("well")
    broken_try, well_try = Relay(ledger, [Broken("broken"), well]).run_once()
    assert broken_try.sentence == "broken failed unexpectedly: KeyError"
    assert well_try.delivered


def test_a_failure_without_a_word_is_still_a_failure(ledger: Ledger) -> None:
    class Mute(Listener):
        def deliver(self, event: Event) -> None:
            raise RetryLater("")

    announce(ledger, fact(20))
    (attempted,) = Relay(ledger, [Mute("mute")]).run_once()
    assert not attempted.delivered
    assert ledger.deliveries(fact(20).id)[0].delivered_at is None


class Dying:
    """An outbox whose process ends, once, between the delivery and the note of it."""

    def __init__(self, ledger: Ledger, error: Exception) -> None:
        self.errors = [error]
        self.undelivered = ledger.undelivered
        self.failed_delivery = ledger.failed_delivery
        self._ledger = ledger

    def delivered(self, event_id: str, subscriber: str) -> None:
        if self.errors:
            raise self.errors.pop()
        self._ledger.delivered(event_id, subscriber)


def test_an_event_whose_delivery_was_not_noted_comes_again_under_its_id(ledger: Ledger) -> None:
    announce(ledger, fact(20))
    listener = Listener("risk")
    relay = Relay(Dying(ledger, SystemExit()), [listener])  # pyright: ignore[reportArgumentType]
    with pytest.raises(SystemExit):
        relay.run_once()
    relay.run_once()
    assert listener.has == [fact(20), fact(20)]
    assert ledger.undelivered("risk", 1) == ()


def test_an_outbox_that_is_away_for_a_moment_is_asked_again(ledger: Ledger) -> None:
    announce(ledger, fact(20))
    stop = threading.Event()
    reports: list[Attempted] = []

    def report(attempted: Attempted) -> None:
        reports.append(attempted)
        stop.set()

    Relay(Dying(ledger, RetryLater("the ledger restarts")), [Listener("risk")]).run(stop, report, 0.01)
    assert outcomes(tuple(reports)) == [("risk", fact(20).id, True)]


def test_an_outbox_that_is_broken_stops_all_lanes_and_is_told(ledger: Ledger) -> None:
    announce(ledger, fact(20))
    stop = threading.Event()
    relay = Relay(Dying(ledger, StopAndCall("the disk is full")), [Listener("risk"), Listener("dashboard")])
    with pytest.raises(StopAndCall, match="the disk is full"):
        relay.run(stop, lambda _: None, 0.01)
    assert stop.is_set()


def test_two_subscribers_of_one_name_are_refused(ledger: Ledger) -> None:
    with pytest.raises(FixTheConfiguration, match="risk"):
        Relay(ledger, [Listener("risk"), Listener("risk"), Listener("dashboard")])


def test_without_subscribers_there_is_nothing_to_do(ledger: Ledger) -> None:
    announce(ledger, fact(20))
    assert Relay(ledger, []).run_once() == ()
