"""In CI a run with a skip that nobody accounted for is red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SOME_TESTS = """
import pytest

@pytest.fixture
def absent():
    pytest.skip("no server")

def test_passes(): pass

@pytest.mark.skip(reason="no browser")
def test_browser(): pass

def test_server(absent): pass

@pytest.mark.xfail(reason="known")
def test_known(): assert False
"""
BROWSER = "tests/test_some.py::test_browser needs a browser\n"
SERVER = "tests/test_some.py::test_server needs a server\n"
SPREAD = pytest.mark.parametrize("spread", [(), ("-n", "2")], ids=["alone", "spread over workers"])


def run(folder: Path, skips: str, *options: str, ci: str = "true") -> subprocess.CompletedProcess[str]:
    """Run the tests of a project that has our conftest.py, and these skips listed."""
    tests = folder / "tests"
    tests.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    shutil.copy(TESTS / "conftest.py", tests)
    (tests / "skips.txt").write_text("# why not\n\n" + skips)
    (tests / "test_some.py").write_text(SOME_TESTS)
    (tests / "test_other.py").write_text(
        "import pytest\npytest.skip('no cluster', allow_module_level=True)\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env=clean | {"PYTHONPATH": f"{ROOT}:{TESTS}", "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@SPREAD
def test_an_unlisted_skip_turns_the_run_red_and_is_named(tmp_path: Path, spread: tuple[str, ...]) -> None:
    done = run(tmp_path, BROWSER, *spread)
    said = done.stdout.partition("skips that tests/skips.txt does not name")[2]
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "tests/test_some.py::test_server  Skipped: no server" in said
    assert "tests/test_other.py  Skipped: no cluster" in said
    assert "test_browser" not in said
    assert "test_known" not in said


@SPREAD
def test_listed_skips_leave_the_run_green(tmp_path: Path, spread: tuple[str, ...]) -> None:
    done = run(tmp_path, BROWSER + SERVER + "tests/test_other.py needs a cluster\n", *spread)
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert "does not name" not in done.stdout


def test_on_a_persons_machine_a_skip_is_no_failure(tmp_path: Path) -> None:
    assert run(tmp_path, "", ci="").returncode == pytest.ExitCode.OK


def test_a_listed_skip_without_a_reason_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "tests/test_some.py::test_server\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no reason for tests/test_some.py::test_server" in done.stderr
