"""The receivers that a workspace's settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from conductor.errors import ConductorError
from conductor.notify.email import EmailNotifier, Login, Security
from conductor.notify.notice import Notice, Notifier, Outcome
from conductor.notify.pagerduty import PagerDutyNotifier
from conductor.notify.slack import SlackNotifier
from conductor.notify.webhook import Webhook
from conductor.settings import Settings


@dataclass(frozen=True)
class Misconfigured:
    """Stand in for a receiver whose settings are wrong: whatever is sent, the outcome says what to mend."""

    name: str
    sentence: str

    def send(self, notice: Notice) -> Outcome:
        """Say why nothing was sent."""
        del notice
        return Outcome(self.name, False, self.sentence)


def receivers(settings: Settings, now: Callable[[], datetime]) -> tuple[Notifier, ...]:
    """Give Slack, mail and PagerDuty as far as they are set. Never raises: a wrong setting is told when a notice is sent."""
    return tuple(_built(name, make) for name, make in _wanted(settings, now))


def _wanted(settings: Settings, now: Callable[[], datetime]) -> Iterator[tuple[str, Callable[[], Notifier]]]:
    if url := settings.slack_webhook_url.get_secret_value():
        yield "slack", lambda: SlackNotifier(Webhook("Slack", url))
    if settings.smtp_host:
        yield "email", lambda: _email(settings, now)
    if key := settings.pagerduty_routing_key.get_secret_value():
        yield "pagerduty", lambda: PagerDutyNotifier(key, Webhook("PagerDuty", settings.pagerduty_url))


def _built(name: str, make: Callable[[], Notifier]) -> Notifier:
    try:
        return make()
    except ConductorError as error:
        return Misconfigured(name, error.sentence)


def _email(settings: Settings, now: Callable[[], datetime]) -> EmailNotifier:
    login = Login(settings.smtp_user, settings.smtp_password.get_secret_value())
    return EmailNotifier(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.email_from,
        recipients=settings.email_to,
        now=now,
        security=Security.STARTTLS if settings.smtp_tls else Security.NONE,
        login=login if settings.smtp_user else None,
    )
