import base64
import hashlib
import hmac
import json
import random
from datetime import timedelta

import pytest
from notify.receiver import Answer, Fault, Received, Receiver

from conductor.errors import FixTheConfiguration, RetryLater
from conductor.events.cloudevents import EventType, structured
from conductor.events.http import HttpSubscriber
from conductor.events.relay import Relay
from conductor.ledger import Event, Ledger, Verdict
from conductor.notify.webhook import Webhook

from .conftest import Clock, announce, fact

KEYS = (b"k" * 32, b"n" * 32)
SECRETS = tuple(f"whsec_{base64.b64encode(key).decode()}" for key in KEYS)


def http(
    receiver: Receiver, clock: Clock, *secrets: str, types: frozenset[str] = frozenset(EventType)
) -> HttpSubscriber:
    webhook = Webhook("the risk domain", f"{receiver.url}/events", timeout=5.0)
    return HttpSubscriber("risk", "embedded", webhook, clock, secrets, types)


def test_an_event_arrives_as_a_structured_cloudevent(clock: Clock) -> None:
    with Receiver(Answer(204)) as receiver:
        http(receiver, clock).deliver(fact())
    (request,) = receiver.received
    assert request.body == structured(fact(), "embedded")
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["webhook-id"] == fact().id
    assert "webhook-signature" not in request.headers


def test_the_receiver_can_check_who_sent_what_and_when(clock: Clock) -> None:
    with Receiver() as receiver:
        http(receiver, clock, *SECRETS).deliver(fact())
    (request,) = receiver.received
    assert request.headers["webhook-timestamp"] == "1795575600"  # 2026-11-25T03:00:00Z
    signed = fact().id.encode() + b".1795575600." + request.body
    expected = [b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in KEYS]
    assert request.headers["webhook-signature"].encode().split() == expected


def test_types_that_were_not_asked_for_are_not_sent(clock: Clock) -> None:
    with Receiver() as receiver:
        subscriber = http(receiver, clock, types=frozenset({EventType.DATA_READY}))
        subscriber.deliver(fact(kind=EventType.DATASET_PUBLISHED))
        subscriber.deliver(fact(kind=EventType.DATA_READY))
    assert [json.loads(request.body)["type"] for request in receiver.received] == ["conductor.data.ready"]


@pytest.mark.parametrize("fault", [Answer(500), Answer(503), Answer(429), Fault.RESET], ids=str)
def test_what_may_pass_is_tried_later_and_only_once_now(clock: Clock, fault: Answer | Fault) -> None:
    with Receiver(fault) as receiver, pytest.raises(RetryLater, match="the risk domain"):
        http(receiver, clock).deliver(fact())
    assert len(receiver.received) == 1


def test_a_receiver_that_never_answers_is_left_after_the_timeout(clock: Clock) -> None:
    with Receiver(Fault.HANG) as receiver:
        webhook = Webhook("the risk domain", receiver.url, timeout=0.2)
        with pytest.raises(RetryLater, match="ReadTimeout"):
            HttpSubscriber("risk", "embedded", webhook, clock).deliver(fact())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all, c4n4ry"])
def test_a_secret_that_protects_nothing_is_refused_and_not_told(clock: Clock, secret: str) -> None:
    with Receiver() as receiver, pytest.raises(FixTheConfiguration) as refusal:
        http(receiver, clock, secret)
    assert "c4n4ry" not in str(refusal.value)


def test_a_subscriber_shows_neither_its_secrets_nor_its_address(clock: Clock) -> None:
    with Receiver() as receiver:
        shown = repr(http(receiver, clock, *SECRETS))
        assert receiver.url not in shown
    assert all(secret not in shown for secret in SECRETS)


def test_done_but_answered_by_a_reset_takes_effect_once_at_the_other_end(
    ledger: Ledger, clock: Clock
) -> None:
    """Any answer may get lost after the work was done; the receiver's inbox lets each version act once."""
    seed = 20261125
    chance = random.Random(seed)
    script = [chance.choice((Fault.RESET, Answer(500), Answer(200))) for _ in range(60)]
    effects: list[tuple[str, int]] = []

    def consume(request: Received) -> None:
        document = json.loads(request.body)
        data = document["data"]
        event = Event(
            document["id"], document["type"], document["subject"], data["batch"], data["version"], clock(), ""
        )
        with ledger.effect("risk", event) as verdict:
            if verdict is Verdict.NEW:
                effects.append((event.subject, event.version))

    events = [fact(day, version) for day in (20, 21, 22) for version in (1, 2, 3)]
    chance.shuffle(events)
    announce(ledger, *events)
    with Receiver(*script, work=consume) as receiver:
        relay = Relay(ledger, [http(receiver, clock)])
        for _ in range(200):
            relay.run_once()
            clock.move(timedelta(days=1))
            if not ledger.undelivered("risk", 1):
                break
    repeats = len(receiver.received) - len(events)
    assert repeats > 0, f"seed {seed} injected nothing"
    assert ledger.undelivered("risk", 10) == ()
    assert len(effects) == len(set(effects)), f"seed {seed}"
    for day in (20, 21, 22):
        versions = [version for subject, version in effects if subject.endswith(str(day))]
        assert versions == sorted(versions), f"seed {seed}"
        assert versions[-1] == 3, f"seed {seed}"
