"""A day that is carried a second time: asked for anew, found to be the same, nothing written."""

from __future__ import annotations

from datetime import date

from pipeline.end_state import end_state, folder_bytes
from pipeline.fixtures import NewSite
from pipeline.site import PRODUCT, Site

DAY = date(2026, 3, 2)


def test_a_second_run_asks_the_source_and_changes_nothing(any_site: NewSite) -> None:
    here = any_site()
    here.run(DAY).well()
    before, stores = end_state(here), stored(here)
    here.sandbox.clear_requests()

    second = here.run(DAY).well()

    asked = here.sandbox.requests
    assert any("SalesReceipt" in (line.statement or "") for line in asked)
    assert not [line for line in asked if "journalentry" in line.path.lower() and line.statement is None]
    assert end_state(here).differences(before) == []
    assert stored(here) == stores
    assert second.worked(f"{PRODUCT}/{DAY}") == ("extract", "land", "back_up", "version")


def stored(here: Site) -> list[object]:
    """Give everything that the stores hold: bytes in folders, versions on S3."""
    if here.block is None:
        return [folder_bytes(here.home / name) for name in ("store", "backup")]
    workspace = here.workspace()
    try:
        return [
            sorted(map(str, store.versions("")))
            for store in (workspace.raw, workspace.lake, workspace.backup)
        ]
    finally:
        workspace.close()
