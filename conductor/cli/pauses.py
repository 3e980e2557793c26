"""What a person paused stays paused over a deploy: a step of `prefect deploy`, named in prefect.yaml."""

from __future__ import annotations

import atexit
from collections.abc import Collection
from functools import cache
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound


@cache
def keep_pauses() -> dict[str, str]:
    """Note which deployments are paused, and pause them again when this process is over.

    A deployment's `paused` in prefect.yaml can be no placeholder, and left out it counts as false. Gives
    nothing to the rest of the file. Repeats: what was noted first counts.
    """
    with get_client(sync_client=True) as client:
        paused = [each.id for each in client.read_deployments() if each.paused]
    atexit.register(pause, paused)
    return {}


def pause(deployments: Collection[UUID]) -> None:
    """Pause deployments; one that is gone meanwhile is left out."""
    with get_client(sync_client=True) as client:
        for each in deployments:
            try:
                client.pause_deployment(each)
            except ObjectNotFound:
                continue
