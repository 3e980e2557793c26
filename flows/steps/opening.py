"""Open a workspace by its name: the edge where flows meet the environment and the clock."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from conductor.embedded import open_embedded
from conductor.errors import FixTheConfiguration
from conductor.settings import load_settings
from conductor.workspace import Workspace

EMBEDDED = "embedded"
DEFAULT_HOME = ".conductor"


def utc_now() -> datetime:
    """Give the instant now, in UTC."""
    return datetime.now(UTC)


def new_run_id() -> str:
    """Name a run that Prefect has not named."""
    return str(uuid.uuid4())


def open_workspace(
    name: str, environment: Mapping[str, str], now: Callable[[], datetime], run_id: str
) -> Workspace:
    """Open `embedded` from the home folder, any other name from its block; an unknown one is `FixTheConfiguration`."""
    if name == EMBEDDED:
        home = Path(environment.get("CONDUCTOR_HOME", DEFAULT_HOME)).absolute()
        return open_embedded(home, load_settings(home, environment), now, run_id)
    from blocks.opening import (
        open_block,  # the integrations are slow to import, and the embedded default needs none
    )

    try:
        return open_block(name, environment, now, run_id)
    except ValueError:
        raise FixTheConfiguration(
            f"there is no workspace {name!r}: no block of that name is saved",
            next_command="prefect block ls",
        ) from None
