"""Prefect's server dies in the middle of a run: the data does not notice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from pipeline.end_state import end_state
from pipeline.fixtures import NewSite
from pipeline.runs import At
from pipeline.site import PRODUCT, site
from servers.prefect import PrefectServer, kill_prefect, start_prefect, stop_prefect

DAY = date(2026, 3, 2)


@pytest.fixture
def own_server() -> Iterator[PrefectServer]:
    """A server that this test may kill."""
    server = start_prefect()
    yield server
    stop_prefect(server)


def test_a_run_whose_prefect_server_is_killed_loses_and_doubles_nothing(
    tmp_path: Path, own_server: PrefectServer, new_site: NewSite
) -> None:
    unkilled = new_site()
    unkilled.run(DAY).well()
    with site(tmp_path / "killed", own_server.environment, forked=False) as here:
        running = here.start(DAY, stall=At(PRODUCT, "publish", "started"))
        running.wait_until_stalled()
        runs = httpx.post(f"{own_server.url}/flow_runs/count", json={}, trust_env=False).json()
        assert runs == 1
        kill_prefect(own_server)
        running.resume()
        running.wait()  # well or not: Prefect's own patience decides
        again = start_prefect(own_server.url, own_server.home)
        try:
            here.run(DAY).well()
            last = here.run(DAY).well()
        finally:
            kill_prefect(again)
        assert last.worked(f"{PRODUCT}/{DAY}") == ("extract", "land", "back_up", "version")
        assert end_state(here).differences(end_state(unkilled)) == []
