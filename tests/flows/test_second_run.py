"""A day that is carried a second time: asked for anew, found to be the same, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pipeline.end_state import end_state, folder_bytes
from pipeline.site import PRODUCT, Site

DAY = date(2026, 3, 2)


def test_a_second_run_asks_the_source_and_changes_nothing(new_site: Callable[..., Site]) -> None:
    here = new_site()
    here.run(DAY).well()
    before, stores = end_state(here), [folder_bytes(here.home / name) for name in ("store", "backup")]
    here.sandbox.clear_requests()

    second = here.run(DAY).well()

    asked = here.sandbox.requests
    assert any("SalesReceipt" in (line.statement or "") for line in asked)
    assert not [line for line in asked if "journalentry" in line.path.lower() and line.statement is None]
    assert end_state(here).differences(before) == []
    assert [folder_bytes(here.home / name) for name in ("store", "backup")] == stores
    assert second.worked(f"{PRODUCT}/{DAY}") == ("extract", "land", "back_up", "version")
