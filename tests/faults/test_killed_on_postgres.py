"""Pods that are killed, and whose disk goes with them: the next one ends as if nobody had been."""

from __future__ import annotations

import random
import shutil
import signal
import time
from datetime import date

import pytest
from pipeline.end_state import EndState, end_state
from pipeline.fixtures import NewSite
from pipeline.runs import At
from pipeline.site import PRODUCT

DAY = date(2026, 3, 2)
BOUNDARIES = [At(PRODUCT, "load", "done"), At(PRODUCT, "build", "done"), At(PRODUCT, "post", "finished")]


def unkilled(new_site: NewSite) -> EndState:
    here = new_site("unkilled")
    here.run(DAY).well()
    return end_state(here)


@pytest.mark.whole_sweep
def test_pods_killed_at_boundaries_end_as_if_nobody_had(new_site: NewSite, new_cluster_site: NewSite) -> None:
    expected = unkilled(new_site)
    site = new_cluster_site()
    for boundary in BOUNDARIES:
        assert site.run(DAY, kill=boundary).code == -signal.SIGKILL
        shutil.rmtree(site.home)
    site.run(DAY).well()
    assert end_state(site).differences(expected) == []
    assert site.audited() == []


@pytest.mark.whole_sweep
@pytest.mark.parametrize("seed", [41])
def test_pods_killed_anywhere_end_as_if_nobody_had(
    new_site: NewSite, new_cluster_site: NewSite, seed: int
) -> None:
    rng = random.Random(seed)
    expected = unkilled(new_site)
    site = new_cluster_site()
    for _ in range(4):
        running = site.start(DAY)
        time.sleep(rng.uniform(0.3, 9.0))
        running.process.kill()
        running.wait()
        shutil.rmtree(site.home, ignore_errors=True)
    site.run(DAY).well()
    assert end_state(site).differences(expected) == []
    assert site.audited() == []
