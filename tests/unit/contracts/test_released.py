"""What was given out is not broken without a new first number of the version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conductor.contracts.examine import examine
from conductor.contracts.load import RELEASED, read_released, survey

ROOT = Path(__file__).parents[3] / "products"
SHIPPED = survey([ROOT])


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """The contract of the rates, which a test may change."""
    return (
        Path(shutil.copytree(ROOT / "finance/fx_rates", tmp_path / "finance/fx_rates")) / "contract.odcs.yaml"
    )


def faults(contract: Path) -> list[str]:
    (reading,) = survey([contract.parents[2]])
    return [fault.sentence for fault in examine(reading, [reading]).faults]


def edit(contract: Path, old: str, new: str) -> None:
    assert old in contract.read_text()
    contract.write_text(contract.read_text().replace(old, new))


@pytest.mark.parametrize("reading", SHIPPED, ids=lambda reading: reading.dataset)
def test_every_shipped_product_was_given_out_and_keeps_its_word(reading: object):
    (found,) = [each for each in SHIPPED if each is reading]
    assert read_released(found.folder), f"copy the contract of {found.dataset} to {RELEASED}"
    assert examine(found, SHIPPED).faults == ()


def test_a_break_without_a_new_first_number_is_refused(contract: Path):
    edit(
        contract,
        "implementation: business_date = slot_day",
        "implementation: business_date = slot_day AND rate < 50",
    )
    (told,) = faults(contract)
    assert told.startswith("this breaks what was given out as 1.0.0: the rule OTHER_DAY is tighter")
    assert told.endswith("it takes 2.0.0")
    edit(contract, "version: 1.0.0", "version: 2.0.0")
    assert faults(contract) == []


def test_what_does_not_break_takes_a_new_number_too(contract: Path):
    # A batch is known by its contract's version: under the old number nothing would be done again.
    edit(
        contract,
        "implementation: business_date = slot_day",
        "implementation: business_date = slot_day OR rate < 50",
    )
    (told,) = faults(contract)
    assert told.endswith("it takes 1.1.0")
    edit(contract, "version: 1.0.0", "version: 1.1.0")
    assert faults(contract) == []


def test_other_words_take_no_new_number(contract: Path):
    edit(contract, "Day that was asked for.", "The day that was asked for.")
    assert faults(contract) == []


def test_a_product_that_was_never_given_out_may_change(contract: Path):
    (contract.parent / RELEASED).unlink()
    edit(
        contract,
        "implementation: business_date = slot_day",
        "implementation: business_date = slot_day AND rate < 50",
    )
    assert faults(contract) == []
