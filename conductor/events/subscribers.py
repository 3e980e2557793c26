"""Subscribers of our own: they go through an inbox, so each version of a slot takes effect once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from conductor.dashboard import DailyRevenue, Freshness, build
from conductor.events.aggregates import AccountLine, MonthlyTotal, monthly_totals
from conductor.events.cloudevents import EventType, Facts
from conductor.events.protocol import Inbox
from conductor.ledger.rows import Event, Verdict


@dataclass(frozen=True)
class DataReadySubscriber:
    """Run an effect for each new version of a slot of one dataset; repeats and older versions are ignored.

    The effect may run again if the process dies inside it, so it replaces what it makes as a whole.
    """

    name: str
    dataset: str
    inbox: Inbox
    effect: Callable[[Facts], None]

    def deliver(self, event: Event) -> None:
        """Run the effect, and only then note it as done."""
        if event.type != EventType.DATA_READY:
            return
        facts = Facts.model_validate_json(event.data)
        if facts.dataset != self.dataset:
            return
        with self.inbox.effect(self.name, event) as verdict:
            if verdict is Verdict.NEW:
                self.effect(facts)


def dashboard_subscriber(
    name: str,
    dataset: str,
    inbox: Inbox,
    read: Callable[[Facts], tuple[Sequence[DailyRevenue], Freshness]],
    write: Callable[[str], None],
    now: Callable[[], datetime],
) -> DataReadySubscriber:
    """Rebuild the revenue page: `read` queries the marts, `write` replaces the page atomically."""

    def rebuild(facts: Facts) -> None:
        rows, freshness = read(facts)
        write(build(rows, freshness, now()))

    return DataReadySubscriber(name, dataset, inbox, rebuild)


def aggregates_subscriber(
    name: str,
    dataset: str,
    inbox: Inbox,
    read: Callable[[Facts], Iterable[AccountLine]],
    write: Callable[[tuple[MonthlyTotal, ...]], None],
) -> DataReadySubscriber:
    """Recompute monthly totals: `read` gives all lines of the months that changed, `write` replaces them."""
    return DataReadySubscriber(name, dataset, inbox, lambda facts: write(monthly_totals(read(facts))))
