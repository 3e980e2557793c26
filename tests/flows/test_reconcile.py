"""Losses: of the ledger, the warehouse, a copy. What is left brings them back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date

import pytest
from pipeline.end_state import EndState, end_state
from pipeline.fixtures import NewSite
from pipeline.site import Site
from typed import answered

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def lose_ledger(here: Site) -> None:
    for file in here.home.glob("ledger.sqlite*"):
        file.unlink()


def lose_warehouse(here: Site) -> None:
    for file in here.home.glob("warehouse.*"):
        file.unlink()


def lose_table(here: Site) -> None:
    shutil.rmtree(here.home / "store" / "curated" / "finance" / "sales_receipts")


def lose_backup(here: Site) -> None:
    shutil.rmtree(here.home / "backup")


def lose_raw_file(here: Site) -> None:
    next((here.home / "store" / "raw" / "finance" / "sales_receipts").rglob("records.parquet")).unlink()


# Whether anything is left for the next run to do.
LOSSES: dict[Callable[[Site], None], bool] = {
    lose_ledger: True,
    lose_warehouse: True,
    lose_table: True,
    lose_backup: False,
    lose_raw_file: False,
}


@pytest.mark.sample(lambda case: case["lose"] in {lose_ledger, lose_warehouse})
@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_what_was_lost_is_there_again(new_site: NewSite, lose: Callable[[Site], None]) -> None:
    here = new_site()
    for day in (MONDAY, TUESDAY):
        here.run(day).well()
    before = end_state(here)
    assert answered(here, "reconcile") == {"mended": [], "unfinished": []}
    lose(here)

    report = answered(here, "reconcile")
    assert report["mended"]
    assert bool(report["unfinished"]) is LOSSES[lose]
    assert answered(here, "reconcile")["mended"] == []
    here.run(MONDAY).well()

    after, wanted = comparable(end_state(here), lose), comparable(before, lose)
    assert {name: after[name] for name in after if after[name] != wanted[name]} == {}, wanted
    assert answered(here, "reconcile") == {"mended": [], "unfinished": []}
    assert [found for check in answered(here, "audit")["checks"] for found in check["findings"]] == []


def comparable(state: EndState, lose: Callable[[Site], None]) -> dict[str, object]:
    """Give what a loss must not change. The table's own log starts anew when it was lost; loads may come in another order."""
    parts = dict(vars(state))
    parts["loads"] = sorted(state.loads)
    if lose is lose_table:
        parts["delta_log"] = {name: sorted(commits) for name, commits in state.delta_log.items()}
    return parts
