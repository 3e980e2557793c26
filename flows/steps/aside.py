"""Tell the owners of rows that were set aside: when it happens, and once a day while nobody mends them."""

from __future__ import annotations

from collections.abc import Iterator

from conductor.ledger import Event, Verdict
from conductor.notify.notice import Notice, Outcome, notify
from conductor.notify.notices import rows_set_aside, rows_waiting
from conductor.notify.receivers import receivers
from conductor.quality.set_aside import rejected_of, set_aside
from conductor.values import digest
from conductor.workspace import Workspace

REPORTER = "rows-aside"


def report_rows_aside(workspace: Workspace) -> tuple[Outcome, ...]:
    """Send a notice of each batch of this run that set rows aside, and of each product with rows that wait too long.

    Repeats: nothing of a batch that was told of, and of waiting rows once a day.
    """
    outcomes: list[Outcome] = []
    for event, notice in (*_new(workspace), *_waiting(workspace)):
        with workspace.ledger.effect(REPORTER, event) as verdict:
            if verdict is Verdict.NEW:
                outcomes += notify(receivers(workspace.settings, workspace.now), notice)
    return tuple(outcomes)


def _new(workspace: Workspace) -> Iterator[tuple[Event, Notice]]:
    """Give a notice for each batch that this run worked on, joined products' too."""
    ledger = workspace.ledger
    for name in dict.fromkeys(
        attempt.batch for attempt in ledger.attempts_of(workspace.run_id) if attempt.batch
    ):
        row = ledger.batch(name)
        if refined := rejected_of(ledger, row):
            batch = row.batch
            owner = workspace.product(batch.slot.dataset).contract.owner
            event = _event(workspace, "rows set aside", batch.slot.id, batch.version, batch.id)
            yield event, rows_set_aside(refined, owner)


def _waiting(workspace: Workspace) -> Iterator[tuple[Event, Notice]]:
    now, limit = workspace.now(), workspace.settings.quarantine_alarm_days
    for dataset, product in workspace.products.items():
        old = [each for each in set_aside(workspace.ledger, [dataset]) if each.days(now) >= limit]
        if old:
            event = _event(workspace, "rows waiting", dataset, now.date().toordinal())
            yield event, rows_waiting(old, product.contract.owner, now)


def _event(workspace: Workspace, kind: str, subject: str, version: int, batch: str = "") -> Event:
    """Give what the inbox knows a notice by; no outbox has it."""
    name = digest(kind, subject, str(version), batch)
    return Event(name, kind, subject, batch, version, workspace.now(), "{}")
