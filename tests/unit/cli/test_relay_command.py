"""`conductor relay`: one pass over what no run has delivered."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from unit.notify.receiver import Answer, Receiver

from conductor.events.cloudevents import EventType, Facts, announcement

from .office import SLOT, Office


def announce(office: Office) -> str:
    facts = Facts(dataset=SLOT.dataset, day=SLOT.day, version=1, batch="b" * 32, rows=1, sums=(), links=())
    event = announcement(EventType.DATASET_PUBLISHED, facts, datetime(2026, 11, 21, 2, 5, tzinfo=UTC))
    office.workspace.ledger.announce([event])
    return event.id


def test_what_is_due_is_delivered_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    event = announce(office)
    with Receiver() as risk:
        monkeypatch.setenv("CONDUCTOR_SUBSCRIBER_URLS", risk.url)
        attempts = office.read("relay")["attempts"]
        assert {each["event"] for each in attempts} == {event}
        assert all(each["delivered"] for each in attempts)
        assert office.read("relay")["attempts"] == []
    assert [json.loads(each.body)["id"] for each in risk.received] == [event]


def test_a_subscriber_that_says_no_is_named_and_the_exit_code_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(office)
    with Receiver(Answer(410)) as risk:
        monkeypatch.setenv("CONDUCTOR_SUBSCRIBER_URLS", risk.url)
        result = office.run("relay")
    assert result.exit_code == 1
    assert f"✗ {EventType.DATASET_PUBLISHED.value} of {SLOT.id} to 127.0.0.1-" in result.stdout
    assert len(risk.received) == 1
