"""What tests on a cluster may ask for. They are skipped with the reason where KUBECONFIG is not set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import kubernetes
from servers.kubernetes import Cluster

from .nights import Prefect, prefect_of
from .trial import Trial, installed

LAST = (
    "test_start_seconds.py",
    "test_browser.py",
    "test_upgrade.py",
    "test_random_kills.py",
    "test_faults.py",
)
"""Those that wear the trial out come last, in this order."""


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster that KUBECONFIG points at."""
    return kubernetes.cluster()


@pytest.fixture(scope="session")
def trial(cluster: Cluster) -> Iterator[Trial]:
    """The trial of the how-to; one install serves all tests."""
    with installed(cluster) as found:
        yield found


@pytest.fixture(scope="module")
def prefect(trial: Trial) -> Iterator[Prefect]:
    """The trial's Prefect."""
    with prefect_of(trial) as found:
        yield found


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the trial be looked at before it is broken, and by one worker alone."""
    items.sort(key=lambda item: LAST.index(item.path.name) + 1 if item.path.name in LAST else 0)
    for item in items:
        if "trial" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("trial"))
            item.add_marker(pytest.mark.timeout(3600))
