"""What tests on a cluster may ask for. They are skipped with the reason where KUBECONFIG is not set."""

from __future__ import annotations

import pytest
from servers import kubernetes
from servers.kubernetes import Cluster


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster that KUBECONFIG points at."""
    return kubernetes.cluster()
