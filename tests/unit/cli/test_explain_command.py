from __future__ import annotations

import pytest

from conductor.errors import FixTheConfiguration
from conductor.ledger import ErrorRecord, Event
from conductor.values import Batch, Slot, State

from .office import ROWS, SLOT, START, Office

ERROR = ErrorRecord("RetryLater", "the API does not answer", "conductor doctor", "extract")


def a_batch(id_: str, version: int) -> Batch:
    slot = Slot(dataset="finance/fx_rates", day=SLOT.day)
    return Batch(
        id=id_, slot=slot, version=version, object_ids=(), contract_version="1.0.0", refine_sha256="0" * 64
    )


@pytest.mark.parametrize("letters", [6, 12, 32])
def test_a_batch_is_found_by_its_first_characters(office: Office, letters: int) -> None:
    batch = office.refine("a" * 32, ROWS)
    (story,) = office.read("explain", batch.id[:letters])["stories"]
    assert story["batch"] == batch.id


def test_fewer_than_six_characters_name_nothing(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS)
    assert isinstance(office.run("explain", batch.id[:5]).exception, FixTheConfiguration)


def test_a_beginning_that_two_batches_share_names_both(office: Office) -> None:
    one, other = a_batch("abcdef" + "0" * 26, 1), a_batch("abcdef" + "1" * 26, 2)
    for batch in (one, other):
        office.workspace.ledger.restore_batch(batch, State.LANDED)
    error = office.run("explain", "abcdef").exception
    assert isinstance(error, FixTheConfiguration)
    assert one.id in error.sentence
    assert other.id in error.sentence
    assert office.read("explain", "abcdef1")["stories"][0]["batch"] == other.id


def test_a_failed_attempt_is_told_with_class_sentence_and_next_command(office: Office) -> None:
    office.fail(ERROR, "run-7")
    for word in ("run-7", SLOT.id, SLOT.day.isoformat()):
        (failure,) = office.read("explain", word)["failures"]
        assert (failure["error"], failure["sentence"]) == ("RetryLater", ERROR.sentence)
        assert (failure["next"], failure["step"]) == ("conductor doctor", "extract")
    told = office.run("explain", "run-7").stdout
    assert "RetryLater: the API does not answer" in told
    assert "next: conductor doctor" in told


def test_a_run_tells_of_its_own_attempts_alone(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS, run_id="run-1")
    office.fail(ERROR, "run-2")
    told = office.read("explain", "run-1")
    assert [story["batch"] for story in told["stories"]] == [batch.id]
    assert told["failures"] == []


def test_an_event_leads_to_its_batch(office: Office) -> None:
    batch = office.refine("a" * 32, ROWS)
    lease = office.lease()
    event = Event("event-1", "conductor.data.ready", SLOT.id, batch.id, 1, START, "{}")
    refined = office.workspace.ledger.steps(batch.id)[0]
    office.workspace.ledger.remember(
        batch.id,
        "announce",
        batch,
        state=None,
        rows=None,
        seconds=refined.seconds,
        peak_mib=None,
        epoch=lease.epoch,
        events=(event,),
    )
    assert office.read("explain", "event-1")["stories"][0]["batch"] == batch.id
    assert isinstance(office.run("explain", "event-2").exception, FixTheConfiguration)
