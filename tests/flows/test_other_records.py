"""A day whose records are not those of the contract is set aside whole, with the difference; after a change it comes home whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from books import comes_to, newest
from pipeline.expected import expected
from pipeline.site import PRODUCT, SEED, Site
from shipping import installed
from typed import answered, typed

from conductor.values import Slot

DAY = date(2026, 3, 2)
SLOT = Slot(dataset=PRODUCT, day=DAY)
DIFFERENCE = "the records do not match contract 1.0.0: Line.DetailTypes is missing, Line.DetailType is new"


def test_a_day_of_other_records_is_set_aside_with_the_difference_and_comes_home(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    here, installation = new_site(receipts_per_day=30), installed(tmp_path / "installation")
    installation.change_contract("physicalName: Line.DetailType\n", "physicalName: Line.DetailTypes\n")
    failed = installation.run(here, DAY)
    assert failed.error.error == "FixTheData"
    assert DIFFERENCE in failed.error.sentence
    aside = newest(here, SLOT)

    (listed,) = [each for each in answered(here, "quarantine", "list") if each["batch"] == aside]
    assert listed["whole"] == DIFFERENCE
    assert listed["rows"] == listed["reasons"]["OTHER_RECORDS"] > 30
    shown = typed(here, "quarantine", "show", aside)
    assert shown.returncode == 1
    assert "Line.DetailType is new" in " ".join(shown.stderr.split())
    assert f"conductor replay {aside}" in " ".join(shown.stderr.split())
    assert "Line.DetailType is new" in " ".join(typed(here, "explain", aside).stdout.split())

    installation.change_contract("version: 1.0.0", "version: 1.0.1")
    installation.change_contract("physicalName: Line.DetailTypes\n", "physicalName: Line.DetailType\n")
    installation.run(here, DAY, replay={"batch": aside}).well()
    comes_to(here, DAY, expected(SEED, here.sandbox.receipts(DAY)), version=2, refused=1)
    assert [each for each in answered(here, "quarantine", "list") if each["whole"]] == []
