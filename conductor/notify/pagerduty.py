"""PagerDuty, through Events API v2: a problem of a slot is one incident, and good news closes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from conductor.notify.attempts import Budget, attempt
from conductor.notify.notice import PAGED, Notice, Outcome, Problem, one_line
from conductor.notify.webhook import Webhook
from conductor.values import Slot, digest

ADDRESS = "https://events.pagerduty.com/v2/enqueue"
SUMMARY, KEY = 1024, 255  # limits of the API, in characters


@dataclass(frozen=True)
class PagerDutyNotifier:
    """Open, update and close the incidents of one integration. `routing_key` is its secret."""

    routing_key: str = field(repr=False)
    webhook: Webhook = field(default_factory=lambda: Webhook("PagerDuty", ADDRESS))
    budget: Budget = field(default_factory=Budget)
    name: str = "pagerduty"

    def send(self, notice: Notice) -> Outcome:
        """Send what the notice means for incidents: a repeat updates, closing a closed one does nothing."""
        bodies = [
            json.dumps({"routing_key": self.routing_key, **event}).encode() for event in _events(notice)
        ]

        def post() -> str:
            for body in bodies:  # a second try posts all of them again, which changes nothing
                self.webhook.post(body, {"Content-Type": "application/json"})
            return f"PagerDuty took {len(bodies)} events" if bodies else "nothing to page anybody for"

        return attempt(self.name, self.budget, post)


def incident(slot: Slot, problem: Problem) -> str:
    """Name the incident that all reports of a problem of a slot belong to."""
    name = f"{slot.id}:{problem}"
    return name if len(name) <= KEY else digest(name)


def _events(notice: Notice) -> list[dict[str, object]]:
    resolved: list[dict[str, object]] = [
        {"event_action": "resolve", "dedup_key": incident(notice.slot, problem)}
        for problem in notice.resolves
    ]
    return (
        [*resolved, _trigger(notice, notice.problem)]
        if notice.problem and notice.problem in PAGED
        else resolved
    )


def _trigger(notice: Notice, problem: Problem) -> dict[str, object]:
    details = dict(notice.facts)
    if notice.next_command:
        details["Next"] = notice.next_command
    return {
        "event_action": "trigger",
        "dedup_key": incident(notice.slot, problem),
        "payload": {
            "summary": one_line(f"{notice.title}: {notice.sentence}")[:SUMMARY],
            "severity": notice.severity.value,
            "source": "cloud-conductor",
            "component": notice.slot.dataset,
            "class": problem.value,
            "custom_details": details,
        },
        "links": [{"href": link.href, "text": link.label} for link in notice.links],
    }
