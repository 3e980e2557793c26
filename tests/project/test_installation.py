"""What a user's machine does: install the wheel by its own bounds, start the server from the lock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from conductor.cli.home import Home
from conductor.cli.servers import prefect_server

ROOT = Path(__file__).parents[2]
PACKAGES = ("blocks", "conductor", "flows", "sandbox")
SHIPPED = ("products", "dbt")
PYTHONS = ("3.11", "3.12", "3.13")
EXTRAS = ("gx", "dbt", "aws", "gcp", "azure", "kubernetes", "postgres")


def uv() -> str:
    found = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    assert Path(found).exists(), "uv is where make put it"
    return found


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program as a user's shell would, outside this environment; give what it printed."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "PYTHON", "VIRTUAL"))
    }
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is made from the source distribution, so that both are whole."""
    folder = tmp_path_factory.mktemp("dist")
    build = (uv(), "build", "--quiet", "--no-build-isolation", "--python", sys.executable)
    run(*build, "--out-dir", folder, ROOT)
    assert len(list(folder.glob("*.tar.gz"))) == 1
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel in it. No lock: the package's own bounds have to keep out what breaks it."""
    environment = tmp_path_factory.mktemp("fresh") / "venv"
    run(uv(), "venv", "--quiet", "--python", sys.executable, environment)
    run(
        uv(),
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
        environment / "bin" / "python",
        wheel,
    )
    return environment / "bin"


def test_the_wheel_holds_all_files_of_the_packages_the_products_and_the_dbt_project(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert not [name for name in names if "target/" in name or "__pycache__" in name]
    tracked = run("git", "ls-files", *PACKAGES, *SHIPPED).splitlines()
    expected = {
        f"conductor/shipped/{name}" if name.split("/")[0] in SHIPPED else name
        for name in tracked
        if (ROOT / name).exists()
    }
    assert "conductor/shipped/products/finance/sales_receipts/contract.odcs.yaml" in expected
    assert expected - names == set()
    packages = {name.split("/")[0] for name in names if not name.startswith("cloud_conductor-")}
    assert packages == set(PACKAGES)


def test_the_installed_command_line_says_what_it_can_do(installed: Path, tmp_path: Path) -> None:
    assert "demo" in run(installed / "conductor", "--help", cwd=tmp_path)


def test_the_installed_package_finds_its_products_and_its_dbt_project(
    installed: Path, tmp_path: Path
) -> None:
    program = (
        "from conductor.workspace import DBT_PROJECT, load_products\n"
        "print(sorted(load_products(()))); print((DBT_PROJECT / 'dbt_project.yml').read_text())"
    )
    said = run(installed / "python", "-c", program, cwd=tmp_path)
    assert "'finance/sales_receipts'" in said
    assert "cloud_conductor" in said


def test_a_plain_install_of_the_wheel_starts_prefects_server(installed: Path, tmp_path: Path) -> None:
    program = (
        "import sys, httpx; from pathlib import Path; from conductor.cli.home import Home; "
        "from conductor.cli.servers import prefect_server\n"
        "with prefect_server(Home(Path(sys.argv[1])).make()) as url: print(url, httpx.get(url + '/health').text)"
    )
    said = run(installed / "python", "-c", program, tmp_path / "home", cwd=tmp_path)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api true\n", said)


def test_prefects_server_starts_from_the_lock(tmp_path: Path) -> None:
    """The environment of the tests is made from the lock; the server is the locked one and answers."""
    locked = (ROOT / "requirements" / "demo.txt").read_text(encoding="utf-8")
    assert f"\nfastapi=={version('fastapi')} " in locked
    assert f"\nprefect=={version('prefect')} " in locked
    with prefect_server(Home(tmp_path / "home").make()) as url:
        assert httpx.get(f"{url}/health").json() is True
        assert httpx.get(f"{url}/admin/version").json() == version("prefect")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_declared_dependencies_resolve_to_wheels(python: str) -> None:
    """Nobody needs a compiler, whichever Python and extras."""
    extras = [f"--extra={extra}" for extra in EXTRAS]
    resolve = (uv(), "pip", "compile", "--quiet", "--only-binary", ":all:", "--python-version", python)
    assert "prefect==" in run(*resolve, *extras, "pyproject.toml")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_can_be_installed(python: str, tmp_path: Path) -> None:
    dry = (uv(), "pip", "install", "--quiet", "--dry-run", "--require-hashes", "--only-binary", ":all:")
    run(*dry, "--python-version", python, "--target", tmp_path, "-r", "requirements/demo.txt")


def test_no_locked_file_names_an_address() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(encoding="utf-8"), lock.name
