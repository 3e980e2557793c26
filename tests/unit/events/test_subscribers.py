import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from conductor.dashboard import DailyRevenue, Freshness
from conductor.events.aggregates import AccountLine, MonthlyTotal
from conductor.events.cloudevents import EventType, Facts
from conductor.events.relay import Relay
from conductor.events.subscribers import DataReadySubscriber, aggregates_subscriber, dashboard_subscriber
from conductor.ledger import Ledger

from .conftest import DATASET, Clock, announce, fact


@pytest.mark.parametrize("seed", range(5))
def test_repeats_and_late_comers_take_effect_once_and_never_backwards(ledger: Ledger, seed: int) -> None:
    """Each event three times, in random order: per slot the versions that act only rise, up to the last."""
    effects: list[Facts] = []
    subscriber = DataReadySubscriber("totals", DATASET, ledger, effects.append)
    deliveries = [fact(day, version) for day in (20, 21, 22) for version in (1, 2, 3) for _ in range(3)]
    random.Random(seed).shuffle(deliveries)
    for event in deliveries:
        subscriber.deliver(event)
    for day in (20, 21, 22):
        versions = [facts.version for facts in effects if facts.day.day == day]
        assert versions == sorted(set(versions))
        assert versions[-1] == 3


def test_an_effect_that_was_cut_off_is_done_again_and_then_no_more(ledger: Ledger) -> None:
    tries: list[int] = []

    def effect(facts: Facts) -> None:
        tries.append(facts.version)
        if len(tries) == 1:
            raise OSError("the disk went away")

    subscriber = DataReadySubscriber("totals", DATASET, ledger, effect)
    with pytest.raises(OSError, match="went away"):
        subscriber.deliver(fact())
    subscriber.deliver(fact())
    subscriber.deliver(fact())
    assert tries == [1, 1]


def test_other_datasets_and_other_facts_have_no_effect(ledger: Ledger) -> None:
    effects: list[Facts] = []
    subscriber = DataReadySubscriber("totals", DATASET, ledger, effects.append)
    subscriber.deliver(fact(kind=EventType.DATASET_PUBLISHED))
    subscriber.deliver(fact(dataset="risk/positions"))
    assert effects == []
    subscriber.deliver(fact())
    assert len(effects) == 1


def test_consumers_do_not_take_each_others_events(ledger: Ledger) -> None:
    effects: list[str] = []
    for name in ("a", "b"):
        DataReadySubscriber(name, DATASET, ledger, lambda _, name=name: effects.append(name)).deliver(fact())
    assert effects == ["a", "b"]


def test_data_ready_rebuilds_the_page_and_the_totals(ledger: Ledger, clock: Clock) -> None:
    pages: list[str] = []
    totals: list[tuple[MonthlyTotal, ...]] = []

    def revenue(facts: Facts) -> tuple[list[DailyRevenue], Freshness]:
        amounts = (Decimal("10.10"), Decimal("2.02"), Decimal("12.12"), Decimal("10.30"))
        row = DailyRevenue(facts.day, "EUR", 1, facts.rows, *amounts)
        as_of = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
        return [row], Freshness(facts.dataset, as_of, facts.version, facts.batch, facts.rows, 0, "GBP")

    def lines(facts: Facts) -> list[AccountLine]:
        return [AccountLine(facts.day, "EUR", "4000", 2, Decimal("10.10"), Decimal("2.02"), Decimal("12.12"))]

    announce(ledger, fact())
    relay = Relay(
        ledger,
        [
            dashboard_subscriber("dashboard", DATASET, ledger, revenue, pages.append, clock),
            aggregates_subscriber("aggregates", DATASET, ledger, lines, totals.append),
        ],
    )
    relay.run_once()
    relay.run_once()
    (page,) = pages
    assert "12.12" in page
    assert "batch-21-1" in page
    expected = MonthlyTotal(
        date(2026, 11, 1), "EUR", "4000", 2, Decimal("10.10"), Decimal("2.02"), Decimal("12.12")
    )
    assert totals == [(expected,)]
