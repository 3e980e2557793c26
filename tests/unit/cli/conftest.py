from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conductor.embedded import open_embedded
from conductor.settings import Settings

from .office import Clock, Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("COLUMNS", "200")
    home = tmp_path / "home"
    workspace = open_embedded(home, Settings.model_validate({}), Clock(), "run-1")
    yield Office(home, workspace)
    workspace.close()
