from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conductor.ledger.states import ENDS, ROAD, VISIBLE, Standing
from conductor.values import State


def test_every_state_is_on_the_road_or_an_end() -> None:
    assert [*ROAD, *sorted(ENDS)] == [*list(State)[:11], "dead", "quarantined", "rejected", "superseded"]


def test_readers_see_a_batch_from_published_on() -> None:
    assert [state.value for state in VISIBLE] == [
        "published",
        "loaded",
        "built",
        "posted",
        "announced",
        "archived",
    ]


@given(reports=st.lists(st.sampled_from(State)))
def test_no_report_takes_back_how_far_a_batch_came(reports: list[State]) -> None:
    standing = Standing()
    for report in reports:
        after = standing.after(report)
        assert ROAD.index(after.reached) >= ROAD.index(standing.reached)
        standing = after


@given(reports=st.lists(st.sampled_from(State)))
def test_superseded_is_for_good(reports: list[State]) -> None:
    standing = Standing(State.GATED, State.SUPERSEDED)
    for report in reports:
        standing = standing.after(report)
    assert standing.state is State.SUPERSEDED


def test_an_end_is_as_given_and_a_replay_takes_the_batch_up_where_it_was() -> None:
    rejected = Standing(State.GATED).after(State.DEAD).after(State.REJECTED)
    assert rejected.state is State.REJECTED
    assert rejected.after(State.LANDED).state is State.GATED
    assert rejected.after(State.PUBLISHED).state is State.PUBLISHED
