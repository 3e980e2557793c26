import json
from datetime import date

import pytest

from conductor.errors import ConductorError, FixTheConfiguration, FixTheData, RetryLater, StopAndCall
from conductor.notify.attempts import Budget
from conductor.notify.notice import Link, Notice, Problem, Severity
from conductor.notify.notices import daily_report, failure, row_count
from conductor.notify.pagerduty import PagerDutyNotifier, incident
from conductor.notify.webhook import Webhook
from conductor.values import Slot

from .receiver import Answer, Receiver

SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 21))
QUICK = Budget(attempts=2, seconds=20, first_wait=0.01, longest_wait=0.01, jitter=0)
KEY = "r0ut1ng-c4n4ry"
REPORT = daily_report(SLOT, "b1", 1, 5012, 0, (), ())


def pagerduty(receiver: Receiver) -> PagerDutyNotifier:
    return PagerDutyNotifier(KEY, Webhook("PagerDuty", f"{receiver.url}/v2/enqueue"), QUICK)


def events(receiver: Receiver) -> list[dict[str, object]]:
    return [json.loads(request.body) for request in receiver.received]


def test_a_problem_opens_an_incident_that_says_what_where_and_what_next() -> None:
    links = (Link("Run", "https://runs.example/1"),)
    with Receiver(Answer(202)) as receiver:
        outcome = pagerduty(receiver).send(row_count(SLOT, "b1", 0, 5000, date(2026, 11, 20), links))
    assert outcome.sent
    assert events(receiver) == [
        {
            "routing_key": KEY,
            "event_action": "trigger",
            "dedup_key": "finance/sales_receipts/2026-11-21:row_count",
            "payload": {
                "summary": "finance/sales_receipts 2026-11-21: unexpected number of rows: "
                "0 rows, about 5,000 expected; the last good day was 2026-11-20.",
                "severity": "error",
                "source": "cloud-conductor",
                "component": "finance/sales_receipts",
                "class": "row_count",
                "custom_details": {
                    "Rows": "0",
                    "Expected": "about 5,000",
                    "Batch": "b1",
                    "Next": "conductor explain b1",
                },
            },
            "links": [{"href": "https://runs.example/1", "text": "Run"}],
        }
    ]


def test_repeats_belong_to_one_incident_and_other_problems_to_others() -> None:
    other_day = Slot(dataset=SLOT.dataset, day=date(2026, 11, 22))
    with Receiver() as receiver:
        for slot, error in (
            (SLOT, StopAndCall("3 rows vanished", batch="b1")),
            (SLOT, StopAndCall("4 rows vanished", batch="b2")),
            (SLOT, FixTheConfiguration("the token was refused")),
            (other_day, StopAndCall("3 rows vanished")),
        ):
            assert pagerduty(receiver).send(failure(slot, error)).sent
    first, repeat, other_problem, other_slot = (event["dedup_key"] for event in events(receiver))
    assert first == repeat
    assert len({first, other_problem, other_slot}) == 3


def test_success_closes_whatever_was_open_for_the_slot() -> None:
    with Receiver() as receiver:
        outcome = pagerduty(receiver).send(REPORT)
    assert outcome.sent
    assert {event["event_action"] for event in events(receiver)} == {"resolve"}
    assert {event["dedup_key"] for event in events(receiver)} == {
        incident(SLOT, problem) for problem in Problem
    }


def test_a_resolve_that_fails_is_not_reported_as_sent() -> None:
    with Receiver(Answer(202), Answer(400)) as receiver:
        outcome = pagerduty(receiver).send(REPORT)
    assert not outcome.sent
    assert len(receiver.received) == 2


def test_a_fault_among_several_events_loses_none_of_them() -> None:
    with Receiver(Answer(202), Answer(503)) as receiver:
        outcome = pagerduty(receiver).send(REPORT)
    assert outcome.sent
    answered = receiver.received[:1] + receiver.received[2:]
    closed = {json.loads(request.body)["dedup_key"] for request in answered}
    assert closed == {incident(SLOT, problem) for problem in Problem}


@pytest.mark.parametrize("error", [RetryLater("try later"), FixTheData("3 rows have no currency")])
def test_nobody_is_woken_for_what_passes_or_can_wait_until_morning(error: ConductorError) -> None:
    with Receiver() as receiver:
        outcome = pagerduty(receiver).send(failure(SLOT, error))
    assert outcome.sent
    assert receiver.received == []


def test_mere_information_pages_nobody() -> None:
    with Receiver() as receiver:
        outcome = pagerduty(receiver).send(Notice(Severity.INFO, SLOT, "Backfill began", "30 days."))
    assert outcome.sent
    assert receiver.received == []


def test_incident_names_fit_the_limit_and_stay_apart() -> None:
    slots = [Slot(dataset="finance/x", day=date(2026, 1, 1), part="p" * 300 + end) for end in "ab"]
    names = {incident(slot, problem) for slot in slots for problem in Problem}
    assert len(names) == 2 * len(Problem)
    assert max(map(len, names)) <= 255


def test_the_routing_key_is_in_no_repr_and_no_outcome() -> None:
    with Receiver(Answer(400)) as receiver:
        notifier = pagerduty(receiver)
        outcome = notifier.send(row_count(SLOT, "b1", 0, 5000, None))
    assert KEY in receiver.received[0].body.decode()
    assert KEY not in repr(notifier) + repr(outcome)
