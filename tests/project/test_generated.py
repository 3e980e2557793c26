"""The generated files say what the code says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conductor.cli.generate import files
from conductor.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    shutil.copy(ROOT / "prefect.yaml", tmp_path)
    shutil.copytree(ROOT / "helm", tmp_path / "helm")
    files.write(tmp_path, files.generated(tmp_path))
    return tmp_path


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conductor.cli.generate", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_generated_files_are_fresh() -> None:
    stale = files.stale(ROOT, files.generated(ROOT))
    assert not stale, f"run `make generate`: {', '.join(map(str, stale))} are stale"


def test_a_stale_file_is_named_with_the_command_and_left_as_it_is(checkout: Path) -> None:
    page = checkout / "docs/reference/settings.md"
    page.write_text("another text", encoding="utf-8")
    done = generate("--check", "--root", str(checkout))
    assert done.returncode == 1
    assert "docs/reference/settings.md" in done.stdout
    assert "docs/reference/cli.md" not in done.stdout
    assert "make generate" in done.stdout
    assert page.read_text(encoding="utf-8") == "another text"


def test_generating_mends_a_missing_file_and_takes_away_one_that_nothing_makes(checkout: Path) -> None:
    missing, orphan = checkout / "docs/reference/cli.md", checkout / "docs/reference/products/gone.md"
    missing.unlink()
    orphan.write_text("# a product of yesterday", encoding="utf-8")
    assert generate("--root", str(checkout)).returncode == 0
    assert missing.exists()
    assert not orphan.exists()
    assert files.stale(checkout, files.generated(checkout)) == ()


def test_another_schedule_shows_in_the_snapshot(checkout: Path) -> None:
    deployments = checkout / "prefect.yaml"
    text = deployments.read_text(encoding="utf-8")
    assert '"0 2 * * *"' in text
    deployments.write_text(text.replace('"0 2 * * *"', '"0 3 * * *"'), encoding="utf-8")
    assert files.stale(checkout, files.generated(checkout)) == (files.REFERENCE / "snapshot.json",)


def test_the_snapshot_knows_the_deployments_of_both_ways_to_run(checkout: Path) -> None:
    snapshot = json.loads((checkout / files.REFERENCE / "snapshot.json").read_text(encoding="utf-8"))
    for way in ("prefect.yaml", "conductor up"):
        assert "nightly-financials/nightly" in snapshot["deployments"][way]
    assert "day" in snapshot["flows"]["nightly-financials"]["properties"]


def test_every_setting_stands_on_its_page_with_its_variable() -> None:
    page = (ROOT / files.REFERENCE / "settings.md").read_text(encoding="utf-8")
    assert not [name for name in Settings.model_fields if f"`CONDUCTOR_{name.upper()}`" not in page]


def test_another_default_of_the_chart_makes_its_readme_stale(checkout: Path) -> None:
    values = checkout / "helm/cloud-conductor/values.yaml"
    values.write_text(values.read_text(encoding="utf-8").replace("replicaCount: 2", "replicaCount: 3", 1))
    assert files.stale(checkout, files.generated(checkout)) == (Path("helm/cloud-conductor/README.md"),)
