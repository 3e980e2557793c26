from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pipeline.site import Site, site
from servers.prefect import PrefectServer


@pytest.fixture
def new_site(tmp_path: Path, prefect_server: PrefectServer) -> Iterator[Callable[..., Site]]:
    """Make sites that last as long as the test."""
    with ExitStack() as stack:

        def make(name: str = "site", **how: Any) -> Site:
            return stack.enter_context(site(tmp_path / name, prefect_server.environment, **how))

        yield make
