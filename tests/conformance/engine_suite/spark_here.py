"""What tests that run Spark share: one Spark for all of them in a test process, and a reason where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from conductor.engines.engine import open_engine
from conductor.engines.protocol import Engine
from conductor.engines.spark_session import missing_part

MEMORY = 1_000_000_000
# For small data Java's second compiler costs more than it saves.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
MISSING = missing_part()


def on_spark(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that runs Spark: skipped where there is none, and kept on one worker, so that one Spark starts."""
    reason = f"{MISSING}; to enable: {MISSING.next_command}" if MISSING else ""
    return pytest.mark.xdist_group("spark")(pytest.mark.skipif(MISSING is not None, reason=reason)(test))


def spark() -> Engine:
    """Give the engine as a workspace opens it; all of them work in the one Spark of this process."""
    return open_engine("spark", MEMORY)
