from datetime import UTC, date, datetime

import pytest

from conductor.notify.email import EmailNotifier, Security
from conductor.notify.notice import Notice, Severity, notify
from conductor.notify.receivers import receivers
from conductor.settings import Settings
from conductor.values import Slot

from .mailbox import Mailbox

NOTICE = Notice(Severity.INFO, Slot(dataset="finance/x", day=date(2026, 11, 21)), "t", "s")
SECRET = "T0AAAA-c4n4ry"


def now() -> datetime:
    return datetime(2026, 11, 22, 2, 30, tzinfo=UTC)


def settings(**values: object) -> Settings:
    return Settings(**values)  # pyright: ignore[reportArgumentType]


def test_nothing_set_tells_nobody() -> None:
    assert receivers(settings(), now) == ()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"slack_webhook_url": "https://hooks.example/x"}, "slack"),
        ({"smtp_host": "mail.example", "email_to": ("a@example.org",)}, "email"),
        ({"pagerduty_routing_key": "k"}, "pagerduty"),
    ],
)
def test_each_receiver_is_there_when_it_is_set(values: dict[str, object], name: str) -> None:
    assert [receiver.name for receiver in receivers(settings(**values), now)] == [name]


def test_mail_is_encrypted_unless_a_person_says_otherwise() -> None:
    address = {"smtp_host": "mail.example", "email_to": ("a@example.org",)}
    (usual,) = receivers(settings(**address), now)
    (bare,) = receivers(settings(**address, smtp_tls=False), now)
    assert isinstance(usual, EmailNotifier)
    assert isinstance(bare, EmailNotifier)
    assert (usual.security, bare.security) == (Security.STARTTLS, Security.NONE)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"slack_webhook_url": f"hooks.example/{SECRET}"}, "slack"),
        ({"smtp_host": "mail.example"}, "email"),
        ({"smtp_host": "mail.example", "email_to": ("nobody",)}, "email"),
        ({"pagerduty_routing_key": SECRET, "pagerduty_url": "nowhere"}, "pagerduty"),
    ],
)
def test_a_wrong_setting_stops_nothing_but_its_own_receiver(values: dict[str, object], name: str) -> None:
    with Mailbox() as mailbox:
        right = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_tls": False}
        mail = {} if name == "email" else {**right, "email_to": ("a@example.org",)}
        outcomes = notify(receivers(settings(**values, **mail), now), NOTICE)
    sent = {outcome.notifier: outcome.sent for outcome in outcomes}
    assert sent == {name: False} | ({} if name == "email" else {"email": True})
    assert len(mailbox.messages) == (name != "email")
    assert SECRET not in repr(outcomes)
