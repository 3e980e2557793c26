"""The notices that the product sends, in their words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from conductor.errors import ConductorError, FixTheConfiguration, FixTheData, RetryLater
from conductor.notify.notice import Link, Notice, Problem, Severity
from conductor.quality.set_aside import SetAside
from conductor.values import Gated, Refined, Slot


def failure(slot: Slot, error: ConductorError, links: tuple[Link, ...] = ()) -> Notice:
    """Tell that a batch did not get through: what is wrong, where, and what to type next."""
    problem, severity = _classify(error)
    facts = (("Batch", error.batch), ("Step", error.step))
    return Notice(
        severity=severity,
        slot=slot,
        title=f"{_name(slot)}: {_HEADLINES[problem]}",
        sentence=error.sentence,
        problem=problem,
        facts=tuple((label, value) for label, value in facts if value),
        next_command=error.next_command,
        links=links,
    )


def row_count(
    slot: Slot, batch: str, rows: int, expected: int, last_good: date | None, links: tuple[Link, ...] = ()
) -> Notice:
    """Tell that a slot has another number of rows than days before it let expect."""
    since = (
        f"the last good day was {last_good.isoformat()}" if last_good else "there has been no good day yet"
    )
    return Notice(
        severity=Severity.ERROR,
        slot=slot,
        title=f"{_name(slot)}: {_HEADLINES[Problem.ROW_COUNT]}",
        sentence=f"{_rows(rows)}, about {expected:,} expected; {since}.",
        problem=Problem.ROW_COUNT,
        facts=(("Rows", f"{rows:,}"), ("Expected", f"about {expected:,}"), ("Batch", batch)),
        next_command=f"conductor explain {batch}",
        links=links,
    )


def rows_set_aside(refined: Refined, owner: str, links: tuple[Link, ...] = ()) -> Notice:
    """Tell the owner of a product that rows of it were set aside just now, and why."""
    batch = refined.batch
    return Notice(
        severity=Severity.WARNING,
        slot=batch.slot,
        title=f"{_name(batch.slot)}: rows set aside",
        sentence=f"{_rows(refined.counts.rejected)} of {refined.counts.records:,} were set aside; the rest goes on.",
        problem=Problem.DATA,
        facts=(
            ("Owner", owner),
            *((code, _rows(count)) for code, count in refined.reasons),
            ("Contract", batch.contract_version),
            _made_from(batch.id, batch.version),
        ),
        next_command=f"conductor quarantine show {batch.id}",
        links=links,
    )


def rows_waiting(waiting: Sequence[SetAside], owner: str, now: datetime, most: int = 10) -> Notice:
    """Tell the owner of a product that rows of it lie aside for too long; the oldest `most` slots by name."""
    oldest = sorted(waiting, key=lambda each: each.since)
    slot, rows = Slot.parse(oldest[0].slot), sum(each.rows for each in oldest)
    return Notice(
        severity=Severity.WARNING,
        slot=slot,
        title=f"{slot.dataset}: rows wait to be mended",
        sentence=f"{_rows(rows)} set aside and not mended, the oldest for {oldest[0].days(now)} days.",
        problem=Problem.DATA,
        facts=(
            ("Owner", owner),
            *((each.slot, f"{_rows(each.rows)}, {each.days(now)} days") for each in oldest[:most]),
        ),
        next_command="conductor quarantine list",
    )


def daily_report(
    slot: Slot,
    batch: str,
    version: int,
    rows: int,
    rejected: int,
    totals: tuple[tuple[str, Decimal], ...],
    links: tuple[Link, ...],
    warnings: tuple[tuple[str, int], ...] = (),
    gated: Gated | None = None,
) -> Notice:
    """Tell that a slot is ready, with its totals per currency, what is warned of, and who let it through if it failed its gate.

    `warnings` are codes of accepted rows with their number.

    Every problem of the slot is over.
    """
    return Notice(
        severity=Severity.SUCCESS,
        slot=slot,
        title=f"{_name(slot)}: ready",
        sentence=f"{_rows(rows)} loaded and tested, {rejected:,} rejected.",
        facts=(
            *((f"Total {currency}", f"{amount:,f}") for currency, amount in totals),
            _made_from(batch, version),
            *(("Warning", f"{code}, {_rows(count)}") for code, count in warnings),
            *(_of_the_gate(gated) if gated else ()),
        ),
        next_command=f"conductor quarantine show {batch}" if rejected else None,
        links=links,
        resolves=tuple(Problem),
    )


_HEADLINES = {
    Problem.NOT_READY: "not ready yet",
    Problem.DATA: "the data breaks its contract",
    Problem.ROW_COUNT: "unexpected number of rows",
    Problem.CONFIGURATION: "a setting or credential is wrong",
    Problem.STOPPED: "stopped, a person has to decide",
}


def _classify(error: ConductorError) -> tuple[Problem, Severity]:
    match error:
        case RetryLater():
            return Problem.NOT_READY, Severity.WARNING
        case FixTheData():
            return Problem.DATA, Severity.ERROR
        case FixTheConfiguration():
            return Problem.CONFIGURATION, Severity.ERROR
        case _:
            return Problem.STOPPED, Severity.CRITICAL


def _name(slot: Slot) -> str:
    return " ".join(filter(None, (slot.dataset, slot.day.isoformat(), slot.part)))


def _of_the_gate(gated: Gated) -> Iterator[tuple[str, str]]:
    for warned in gated.warnings:
        yield "Warning", f"{warned.expectation} on {warned.column}: {warned.observed}"
    if gated.override:
        failed = "; ".join(f"{each.expectation} on {each.column}: {each.observed}" for each in gated.failed)
        yield "Failed its gate", failed
        yield "Let through by", f"{gated.override.by}: {gated.override.reason}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _made_from(batch: str, version: int) -> tuple[str, str]:
    return "Made from", f"batch {batch}, version {version}"
