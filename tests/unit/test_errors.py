"""What an error tells of the one that it arose from."""

from __future__ import annotations

import traceback

import pytest

from conductor.errors import RetryLater


def arisen() -> RetryLater:
    try:
        try:
            raise ValueError("could not convert Ada Lovelace")
        except ValueError as error:
            raise RetryLater("the store did not answer") from error
    except RetryLater as error:
        return error


def test_a_hushed_error_says_kind_and_place_of_its_cause_and_none_of_its_words() -> None:
    error = arisen()
    assert "Ada" in "".join(traceback.format_exception(error))
    error.hush()
    told = "".join(traceback.format_exception(error))
    assert "Ada" not in told
    assert "It arose from a ValueError at test_errors.py:" in told
    assert "the store did not answer" in told


def test_a_hushed_error_that_goes_on_out_of_its_handler_stays_hushed() -> None:
    def step() -> None:
        try:
            raise arisen()
        except RetryLater as error:
            error.hush()
            error.hush()
            raise

    with pytest.raises(RetryLater) as caught:
        step()
    told = "".join(traceback.format_exception(caught.value))
    assert "Ada" not in told
    assert told.count("It arose from") == 1


def test_an_error_that_arose_from_nothing_gets_no_note() -> None:
    error = RetryLater("later")
    error.hush()
    assert not hasattr(error, "__notes__")
