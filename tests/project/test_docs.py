"""What the pages say is so: links lead somewhere, commands and settings exist, programs run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.main import get_group

from conductor.cli.generate.blocks import block_types
from conductor.cli.home import Home
from conductor.cli.main import cli
from conductor.cli.servers import prefect_server
from conductor.cli.session import DEBUG
from conductor.cli.workspace_file import read_workspace
from conductor.settings import PREFIX, Settings

from .commandline import parse

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
GUIDES = [ROOT / "README.md", *(page for page in PAGES if "docs" in page.parts and "adr" not in page.parts)]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
SHELL = ("", "sh", "console")
PROGRAM = ("conductor", ".venv/bin/conductor")
ENDS = {"|", "||", "&&", ";", ">", "&"}


@dataclass(frozen=True)
class Fenced:
    """A fenced block of a page."""

    page: Path
    language: str
    text: str


def name(thing: Path | Fenced) -> str:
    path = thing.page if isinstance(thing, Fenced) else thing
    return str(path.relative_to(ROOT))


def blocks(*languages: str) -> list[Fenced]:
    return [
        Fenced(page, found["language"], found["text"])
        for page in PAGES
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
        if found["language"] in languages
    ]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(text: str) -> Iterator[list[str]]:
    """Give the arguments of each `conductor` in a shell block; a line that only shows the usage has none."""
    for line in text.replace("\\\n", " ").splitlines():
        if "conductor" not in line or "[OPTIONS]" in line:
            continue
        words = tokens(line)
        for place, word in enumerate(words):
            if word in PROGRAM and (place == 0 or words[place - 1] in {"$", *ENDS}):
                rest = words[place + 1 :]
                yield rest[: next((n for n, each in enumerate(rest) if each in ENDS), len(rest))]


def tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def links(page: Path) -> Iterator[Path]:
    """Give the files that a page links to; addresses of other sites and places on the page itself are none."""
    for found in LINK.finditer(prose(page)):
        target = found["target"].partition("#")[0]
        if target and "://" not in target:
            yield (page.parent / target).resolve()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert not [str(target) for target in links(page) if not target.exists()]


def test_every_page_is_found_from_the_readme() -> None:
    found, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in found and page.suffix == ".md":
            found.add(page)
            ahead += links(page)
    assert not [name(page) for page in GUIDES if page not in found]


@pytest.mark.parametrize("block", [each for each in blocks(*SHELL) if "conductor" in each.text], ids=name)
def test_every_command_in_a_shell_block_is_understood(block: Fenced) -> None:
    for arguments in commands(block.text):
        parse(arguments)


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_every_command_named_in_a_sentence_exists(page: Path) -> None:
    named = re.findall(r"`conductor ([a-z]+)", prose(page))
    assert not [word for word in named if word not in get_group(cli).commands]


@pytest.mark.parametrize(
    "line", ["frobnicate", "run nightly-financials --night", "audit --day soon", "replay"]
)
def test_a_wrong_command_line_is_refused(line: str) -> None:
    with pytest.raises((AssertionError, typer.TyperException)):
        parse(line.split())


def test_commands_are_found_behind_prompts_pipes_and_line_ends() -> None:
    text = "$ conductor query 'select 1' --json | jq .\nmake demo && conductor status\nconductor run \\\n  x # conductor y\n"
    assert list(commands(text)) == [["query", "select 1", "--json"], ["status"], ["run", "x"]]


def test_every_make_target_named_in_a_shell_block_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = {
        word for block in blocks(*SHELL) for word in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE)
    }
    assert {"demo", "test"} <= named <= set(targets)


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fields = {field for block in block_types() for field in block.model_fields}
    # References of a block are named after their field.
    variables = {PREFIX + name.upper() for name in (*Settings.model_fields, *fields)}
    known = variables | {"CONDUCTOR_HOME", "CONDUCTOR_WORKSPACE", "CONDUCTOR_ENVIRONMENT", DEBUG}
    assert not set(re.findall(r"\bCONDUCTOR_[A-Z_]+", text)) - known
    named = set(re.findall(r"\b(?:[Ss]ettings?|[Ss]et|[Rr]aise) `([a-z]+(?:_[a-z]+)+)`", prose(page)))
    assert not named - set(Settings.model_fields) - fields


@pytest.mark.parametrize("block", blocks("toml"), ids=name)
def test_every_settings_file_shown_is_a_valid_one(block: Fenced) -> None:
    assert Settings(**tomllib.loads(block.text)).model_fields_set


@pytest.mark.parametrize("block", blocks("yaml"), ids=name)
def test_every_workspace_shown_can_be_applied(block: Fenced, tmp_path: Path) -> None:
    if block.text.startswith("# workspace.yaml"):
        file = tmp_path / "workspace.yaml"
        file.write_text(block.text, encoding="utf-8")
        assert read_workspace(file)[0] == "production"


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment with a Prefect server of its own."""
    home = Home(tmp_path_factory.mktemp("docs") / "home").make()
    with prefect_server(home) as url:
        yield home.prefect_environment(os.environ, url)


@pytest.mark.parametrize("block", blocks("python"), ids=name)
def test_every_program_shown_runs(block: Fenced, surroundings: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        env={**surroundings, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
