import json
import logging
from datetime import date

import pytest

from conductor.errors import FixTheConfiguration
from conductor.notify.attempts import Budget
from conductor.notify.notice import Link, Notice, Severity, notify
from conductor.notify.slack import SlackNotifier, message
from conductor.notify.webhook import Webhook
from conductor.values import Slot

from .receiver import Answer, Fault, Receiver

SLOT = Slot(dataset="finance/sales_receipts", day=date(2026, 11, 21))
QUICK = Budget(attempts=3, seconds=20, first_wait=0.01, longest_wait=0.01, jitter=0)
SECRET = "T0AAAA-B0BBBB-c4n4ry"


def notice(**changes: object) -> Notice:
    fields: dict[str, object] = {
        "severity": Severity.ERROR,
        "slot": SLOT,
        "title": "Sales receipts are missing",
        "sentence": "0 rows, about 5,000 expected.",
        "facts": (("Rows", "0"),),
        "next_command": "conductor explain abc",
        "links": (Link("Run", "https://runs.example/1?a=1&b=2"),),
    }
    return Notice(**(fields | changes))  # pyright: ignore[reportArgumentType]


def slack(receiver: Receiver, budget: Budget = QUICK, timeout: float = 5.0) -> SlackNotifier:
    return SlackNotifier(Webhook("Slack", f"{receiver.url}/services/{SECRET}", timeout), budget)


def test_a_notice_arrives_with_its_sentence_facts_command_and_link() -> None:
    with Receiver() as receiver:
        outcome = slack(receiver).send(notice())
    assert outcome.sent
    assert receiver.received[0].path == f"/services/{SECRET}"
    blocks = json.loads(receiver.received[0].body)["blocks"]
    assert blocks[0]["text"]["text"] == ":x: Sales receipts are missing"
    assert blocks[1]["text"]["text"] == "0 rows, about 5,000 expected."
    assert blocks[2]["fields"] == [{"type": "mrkdwn", "text": "*Rows*\n0"}]
    assert blocks[3]["text"]["text"] == "Next: `conductor explain abc`"
    assert blocks[4]["text"]["text"] == "<https://runs.example/1?a=1&amp;b=2|Run>"


def test_no_value_can_call_a_channel_or_forge_a_link() -> None:
    hostile = "<!channel> <https://evil.example|ok> & more"
    sent = json.dumps(message(notice(title=hostile, sentence=hostile, facts=((hostile, hostile),))))
    in_mrkdwn = sent.replace(
        json.dumps(f":x: {hostile}"), ""
    )  # a header is plain text, which Slack does not read
    assert "<!channel>" not in in_mrkdwn
    assert "<https://evil" not in in_mrkdwn
    assert "&lt;!channel&gt; &lt;https://evil.example|ok&gt; &amp; more" in in_mrkdwn


def test_a_page_on_this_machine_is_shown_to_be_copied() -> None:
    blocks = message(notice(links=(Link("Page", "file:///home/a/revenue.html"),)))["blocks"]
    assert blocks[-1]["text"]["text"] == "Page: file:///home/a/revenue.html"  # pyright: ignore


def test_long_notices_stay_within_the_limits_of_a_block() -> None:
    facts = tuple((f"label {number}", "v" * 5000) for number in range(23))
    blocks = json.loads(json.dumps(message(notice(title="t" * 500, sentence="s" * 9000, facts=facts))))[
        "blocks"
    ]
    assert len(blocks[0]["text"]["text"]) == 150
    assert len(blocks[1]["text"]["text"]) == 3000
    assert [len(block["fields"]) for block in blocks if "fields" in block] == [10, 10, 3]
    assert max(len(field["text"]) for block in blocks for field in block.get("fields", [])) == 2000


@pytest.mark.parametrize("first", [Answer(500), Answer(429, {"Retry-After": "0"}), Fault.RESET], ids=str)
def test_a_passing_fault_costs_one_more_try(first: Answer | Fault) -> None:
    with Receiver(first) as receiver:
        outcome = slack(receiver).send(notice())
    assert outcome.sent
    assert len(receiver.received) == 2
    assert receiver.received[0].body == receiver.received[1].body


def test_a_receiver_that_never_answers_uses_up_the_tries_and_no_more() -> None:
    with Receiver(*[Fault.HANG] * 9) as receiver:
        outcome = slack(receiver, timeout=0.2).send(notice())
    assert not outcome.sent
    assert outcome.sentence == "Slack did not answer: ReadTimeout"
    assert len(receiver.received) == QUICK.attempts


def test_a_refusal_is_not_tried_again() -> None:
    with Receiver(Answer(404)) as receiver:
        outcome = slack(receiver).send(notice())
    assert (outcome.sent, len(receiver.received)) == (False, 1)
    assert outcome.sentence == "Slack refused the message: it answered 404"


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as elsewhere, Receiver(Answer(302, {"Location": elsewhere.url})) as receiver:
        outcome = slack(receiver).send(notice())
    assert (outcome.sent, elsewhere.received) == (False, [])


def test_a_longer_wait_than_the_budget_has_is_not_waited() -> None:
    with Receiver(Answer(429, {"Retry-After": "3600"})) as receiver:
        outcome = slack(receiver).send(notice())
    assert (outcome.sent, len(receiver.received)) == (False, 1)


def test_one_failing_road_leaves_the_others_open() -> None:
    with Receiver(Answer(403)) as closed, Receiver() as open_:
        outcomes = notify([slack(closed), slack(open_)], notice())
    assert [outcome.sent for outcome in outcomes] == [False, True]


def test_the_address_is_in_no_log_line_outcome_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Receiver(Answer(500), Fault.RESET, Answer(404)) as receiver:
        notifier = slack(receiver)
        outcome = notifier.send(notice())
    assert len(receiver.received) == 3
    assert caplog.records, "with nothing logged this would prove nothing"
    everything = [repr(record.__dict__) + record.getMessage() for record in caplog.records]
    assert SECRET not in "".join([*everything, repr(notifier), repr(outcome)])


@pytest.mark.parametrize(
    "address", ["", "hooks.example/x-c4n4ry", "file:///c4n4ry", "http://c4n4ry:port/", "http:///c4n4ry"]
)
def test_an_address_that_is_none_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(FixTheConfiguration) as refusal:
        Webhook("Slack", address)
    assert "c4n4ry" not in str(refusal.value)
