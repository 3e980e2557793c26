"""A product of one's own, from nothing to the warehouse, by the words of the how-to and without a line of Python."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from conductor.engines.spark_session import missing_part

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/write-a-product.md").read_text(encoding="utf-8")
TRY = ("conductor", "try", "sales/returns", "returns.csv", "--products", "my-products", "--day", "2026-11-20")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def do(folder: Path, words: tuple[str, ...]) -> str:
    """Do what a person types in a folder, and give what is said."""
    if words[0] == "cp":
        shutil.copy(folder / words[1], folder / words[2])
        return ""
    assert words[0] == "conductor"
    done = subprocess.run(
        [sys.executable, "-m", "conductor.cli.main", *words[1:]],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def test_the_walk_through_of_the_page_works_as_written(tmp_path: Path) -> None:
    (delivered,), (settings, *_) = blocks("csv"), blocks("toml")
    (tmp_path / "returns.csv").write_text(delivered, encoding="utf-8")
    (tmp_path / ".conductor").mkdir()
    (tmp_path / ".conductor" / "conductor.toml").write_text(settings, encoding="utf-8")
    lines = [tuple(shlex.split(line)) for block in blocks("sh") for line in block.splitlines()]
    said = {words: do(tmp_path, words) for words in lines}

    tried = said[TRY]
    assert "partly" in tried
    assert "NEGATIVE_AMOUNT" in tried
    assert "OTHER_DAY" in tried
    (asked,) = (text for words, text in said.items() if words[:2] == ("conductor", "query"))
    assert re.findall(r"R-\d+", asked) == ["R-1001", "R-1002"]
    assert "19.90" in asked
    assert any(
        "sales/returns" in text for words, text in said.items() if words[1:3] == ("quarantine", "list")
    )
    assert "nothing changed" in next(
        text for words, text in said.items() if words[1:3] == ("contract", "diff")
    )

    home = tmp_path / ".conductor"
    assert list((home / "docs").rglob("sales/returns/*.html"))
    assert "name: returns" in (home / "dbt/project/models/staging/_sources.yml").read_text(encoding="utf-8")
    both_engines_say_the_same(tmp_path)


def both_engines_say_the_same(folder: Path) -> None:
    assert missing_part() is None
    reports = [json.loads(do(folder, (*TRY, "--engine", engine, "--json"))) for engine in ("polars", "spark")]
    assert reports[0] == reports[1]
    assert reports[0]["verdict"] == "partly"
