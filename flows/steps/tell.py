"""Tell people how a run went: artifacts in Prefect's UI, and notices."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from conductor import story
from conductor.errors import ConductorError, FixTheData, LeaseLost, Superseded
from conductor.events.cloudevents import EventType
from conductor.ledger import Verdict
from conductor.notify.expected import expected
from conductor.notify.notice import Link, Notice, Outcome, notify
from conductor.notify.notices import daily_report, failure, row_count
from conductor.notify.receivers import receivers
from conductor.quality.docs import dataset_folder
from conductor.values import Batch, Gated, Loaded, Refined, Slot
from conductor.workspace import Workspace
from flows.steps.aside import report_rows_aside
from flows.steps.opening import EMBEDDED

REPORTER = "daily-report"


def tell(workspace: Workspace, slots: Sequence[Slot]) -> None:
    """Write the story of each slot's current version as an artifact, and send its daily report if it is ready and new.

    Repeats: a newer artifact of the same key, and no second report.
    """
    for slot in slots:
        if row := workspace.ledger.current(slot):
            text = story.markdown(story.tell(workspace.ledger, row.batch))
            create_markdown_artifact(
                text, key=slot.id.replace("/", "-").replace("_", "-"), description=slot.id
            )
            _log(report(workspace, row.batch))
    _log(report_rows_aside(workspace))


def tell_failure(workspace: Workspace, slot: Slot, error: ConductorError) -> None:
    """Send the notice of a failed run to whoever is to know. Repeats: the same incident, told again."""
    _log(report_failure(workspace, slot, error))


def report(workspace: Workspace, batch: Batch) -> tuple[Outcome, ...]:
    """Send the daily report of a batch whose DataReady is announced, or that rows are missing; give what became of it.

    Repeats: sends nothing; only a run that was killed on the way may send it twice.
    """
    for event in workspace.ledger.events(batch.id):
        if event.type == EventType.DATA_READY:
            with workspace.ledger.effect(REPORTER, event) as verdict:
                if verdict is Verdict.NEW:
                    notice = _missing_rows(workspace, batch) or _daily_report(workspace, batch)
                    return notify(receivers(workspace.settings, workspace.now), notice)
    return ()


def report_failure(workspace: Workspace, slot: Slot, error: ConductorError) -> tuple[Outcome, ...]:
    """Send what is wrong with the failed batch's slot, or with `slot` where it is not known; give what became of it.

    Nothing is sent of a run that another one overtook: that one tells.
    """
    if isinstance(error, LeaseLost | Superseded):
        return ()
    notice = _failure(workspace, slot, error)
    return notify(receivers(workspace.settings, workspace.now), notice)


def _failure(workspace: Workspace, slot: Slot, error: ConductorError) -> Notice:
    try:
        batch = workspace.ledger.batch(error.batch).batch if error.batch else None
        missing = _missing_rows(workspace, batch) if batch and isinstance(error, FixTheData) else None
        return missing or failure(batch.slot if batch else slot, error, tuple(_run()))
    except (
        ConductorError
    ):  # the ledger does not answer, which may be what is wrong: tell what is known without it
        return failure(slot, error, tuple(_run()))


def _missing_rows(workspace: Workspace, batch: Batch) -> Notice | None:
    """Give the notice of a batch without a single record where earlier days let expect some."""
    refined = workspace.ledger.remembered(batch.id, "refine", Refined)
    if refined is None or refined.counts.records:
        return None
    contract = workspace.product(batch.slot.dataset).contract
    usual = expected(workspace.ledger, batch.slot, contract.usual_rows)
    if not usual.rows:
        return None
    return row_count(batch.slot, batch.id, 0, usual.rows, usual.last_good, tuple(_run()))


def _daily_report(workspace: Workspace, batch: Batch) -> Notice:
    refined = workspace.ledger.remembered(batch.id, "refine", Refined)
    loaded = workspace.ledger.remembered(batch.id, "load", Loaded)
    return daily_report(
        batch.slot,
        batch.id,
        batch.version,
        loaded.rows if loaded else 0,
        refined.counts.rejected if refined else 0,
        tuple((row.currency, row.amount) for row in loaded.sums) if loaded else (),
        (*_pages(workspace, batch), *_run()),
        refined.warnings if refined else (),
        workspace.ledger.remembered(batch.id, "gate", Gated),
    )


def _pages(workspace: Workspace, batch: Batch) -> Iterator[Link]:
    """Give the pages in the home, for readers on the same machine; a pod's folders nobody can open."""
    if workspace.name == EMBEDDED:
        gated = workspace.ledger.remembered(batch.id, "gate", Gated)
        docs = gated.docs_key if gated else f"{dataset_folder(batch.slot.dataset)}/index.html"
        yield Link("Daily revenue", (workspace.home / "docs" / "revenue.html").as_uri())
        yield Link("Data Docs", (workspace.home / "docs" / docs).as_uri())


def _run() -> Iterator[Link]:
    if flow_run.id and flow_run.ui_url:
        yield Link("Run", flow_run.ui_url)


def _log(outcomes: Iterable[Outcome]) -> None:
    """Say in the run's log what became of each notice."""
    for outcome in outcomes:
        level = logging.INFO if outcome.sent else logging.WARNING
        get_run_logger().log(level, "%s: %s", outcome.notifier, outcome.sentence)
