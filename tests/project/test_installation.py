"""What a user's machine does: install the wheel by its own bounds, start the server from the lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conductor.cli.home import Home
from conductor.cli.servers import prefect_server

ROOT = Path(__file__).parents[2]


def uv() -> str:
    found = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    assert Path(found).exists(), "uv is where make put it"
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            uv(),
            "build",
            "--quiet",
            "--wheel",
            "--no-build-isolation",
            "--python",
            sys.executable,
            "--out-dir",
            folder,
            ROOT,
        ],
        check=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_packages_the_products_and_the_dbt_project(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("cloud_conductor-")} == {
        "blocks",
        "conductor",
        "flows",
        "sandbox",
    }
    assert "conductor/shipped/products/finance/sales_receipts/contract.odcs.yaml" in names
    assert "conductor/shipped/dbt/dbt_project.yml" in names
    assert not [name for name in names if "target/" in name or "__pycache__" in name]


def test_a_plain_install_of_the_wheel_starts_prefects_server(wheel: Path, tmp_path: Path) -> None:
    """No lock: the package's own bounds have to keep out the releases that break it."""
    environment = tmp_path / "venv"
    subprocess.run([uv(), "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [uv(), "pip", "install", "--quiet", "--compile-bytecode", "--python", python, wheel], check=True
    )
    program = (
        "import sys; from pathlib import Path; from conductor.cli.home import Home; "
        "from conductor.cli.servers import prefect_server\n"
        "with prefect_server(Home(Path(sys.argv[1])).make()) as url: print('serves', url)"
    )
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PYTHONPATH"))
    }
    done = subprocess.run(
        [python, "-c", program, tmp_path / "home"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean,
        check=False,
    )
    assert done.stdout.startswith("serves http://127.0.0.1:"), done.stderr


def test_prefects_server_starts_from_the_lock(tmp_path: Path) -> None:
    with prefect_server(Home(tmp_path / "home").make()) as url:
        assert url.startswith("http://127.0.0.1:")


def test_no_locked_file_names_an_address() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(encoding="utf-8"), lock.name
