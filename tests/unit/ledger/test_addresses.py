from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import pytest

from conductor.errors import FixTheConfiguration
from conductor.ledger import Ledger
from conductor.ledger.outbox import wait


def clock() -> datetime:
    return datetime(2025, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://kim:hunter2@host/ledger", "SQLite or PostgreSQL, not in mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("hunter2", "not a database URL"),
        ("postgresql://kim:hun:ter2@host:hunter2/ledger", "not a database URL"),
    ],
)
def test_an_address_that_cannot_be_a_ledger_is_refused_without_showing_it(url: str, sentence: str) -> None:
    with pytest.raises(FixTheConfiguration, match=sentence) as refused:
        Ledger(url, clock)
    assert "hunter2" not in refused.value.sentence
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_people_see_host_and_database_and_neither_user_nor_password(scheme: str) -> None:
    ledger = Ledger(f"{scheme}://kim:hunter2@db.example:5433/ledger?password=hunter3", clock)
    assert ledger.database.address == "postgresql://db.example/ledger"
    ledger.close()


def test_the_wait_between_deliveries_doubles_up_to_an_hour() -> None:
    assert [wait(failed).total_seconds() for failed in (1, 2, 3, 10, 11, 1000)] == [
        5,
        10,
        20,
        2560,
        3600,
        3600,
    ]
    assert wait(1) == timedelta(seconds=5)


def test_methods_show_how_they_are_called() -> None:
    assert list(inspect.signature(Ledger.release).parameters) == ["self", "lease"]
    assert list(inspect.signature(Ledger.undelivered).parameters) == ["self", "subscriber", "limit"]
