"""Where Spark can't run, the error says what to install."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conductor.engines.engine import open_engine
from conductor.engines.spark_session import missing_part
from conductor.errors import FixTheConfiguration, Missing

pytest.importorskip("pyspark", reason="the extra spark is not installed")


@pytest.fixture(autouse=True)
def looked_for_anew() -> Iterator[None]:
    missing_part.cache_clear()
    yield
    missing_part.cache_clear()


def java_saying(folder: Path, version: str) -> str:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.mark.parametrize("version", ["1.8.0_412", "11.0.2"])
def test_an_old_java_is_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str):
    monkeypatch.setenv("PATH", java_saying(tmp_path, version))
    with pytest.raises(Missing, match="needs Java 17 or newer") as caught:
        open_engine("spark", 1_000_000_000)
    assert caught.value.next_command == "apt-get install openjdk-17-jre-headless"


@pytest.mark.parametrize("version", ["17.0.15", "21", "25.0.2"])
def test_java_17_and_newer_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str):
    monkeypatch.setenv("PATH", java_saying(tmp_path, version))
    assert missing_part() is None


def test_without_java_on_the_path_spark_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(missing_part(), Missing)


def test_an_engine_that_nobody_knows_is_told_with_those_that_are():
    with pytest.raises(FixTheConfiguration, match="no engine 'duck' here; there are polars and spark"):
        open_engine("duck", 1)
