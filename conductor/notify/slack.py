"""Slack, through an incoming webhook."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from conductor.notify.attempts import Budget, attempt
from conductor.notify.notice import Link, Notice, Outcome, Severity, one_line
from conductor.notify.webhook import Webhook

# Limits of Block Kit, in characters and fields.
HEADER, TEXT, FIELD, FIELDS = 150, 3000, 2000, 10

SIGN = {
    Severity.SUCCESS: ":white_check_mark:",
    Severity.INFO: ":information_source:",
    Severity.WARNING: ":warning:",
    Severity.ERROR: ":x:",
    Severity.CRITICAL: ":rotating_light:",
}


@dataclass(frozen=True)
class SlackNotifier:
    """Post notices to the channel of a webhook. The webhook's address is its password."""

    webhook: Webhook
    budget: Budget = field(default_factory=Budget)
    name: str = "slack"

    def send(self, notice: Notice) -> Outcome:
        """Post the notice; Slack has no id for repeats, so a lost answer may show a notice twice."""
        body = json.dumps(message(notice)).encode()

        def post() -> str:
            self.webhook.post(body, {"Content-Type": "application/json"})
            return "posted to Slack"

        return attempt(self.name, self.budget, post)


def message(notice: Notice) -> dict[str, object]:
    """Lay a notice out in blocks; `text` is what a phone's notification shows."""
    title = f"{SIGN[notice.severity]} {one_line(notice.title)}"
    texts = [_escaped(notice.sentence)]
    if notice.next_command:
        texts.append(f"Next: `{_escaped(one_line(notice.next_command))}`")
    if notice.links:
        texts.append(" · ".join(map(_link, notice.links)))
    sections = [_section(texts[0]), *_facts(notice.facts), *map(_section, texts[1:])]
    header = {"type": "header", "text": {"type": "plain_text", "text": _cut(title, HEADER), "emoji": True}}
    return {"text": f"{_escaped(title)}: {texts[0]}", "blocks": [header, *sections]}


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, TEXT)}}


def _facts(facts: tuple[tuple[str, str], ...]) -> list[dict[str, object]]:
    fields = [
        {"type": "mrkdwn", "text": _cut(f"*{_escaped(label)}*\n{_escaped(value)}", FIELD)}
        for label, value in facts
    ]
    return [{"type": "section", "fields": fields[at : at + FIELDS]} for at in range(0, len(fields), FIELDS)]


def _link(link: Link) -> str:
    """Slack makes links of web addresses only; another one is shown to be copied."""
    if not link.href.startswith(("http://", "https://")):
        return f"{_escaped(link.label)}: {_escaped(link.href)}"
    return f"<{_escaped(link.href).replace('|', '%7C')}|{_escaped(link.label)}>"


def _escaped(text: str) -> str:
    """Keep text from being read as a link, a mention or a call to a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
