"""Let dbt build and test what depends on loaded data.

dbt runs in a process of its own: inside this one it would change the working directory under all other threads, and keep its
log handlers and a hundred megabytes. All that the child knows is given here; no profile or variable of the surroundings counts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel

from conductor.errors import ConductorError, FixTheConfiguration, FixTheData, Missing, RetryLater
from conductor.warehouses.protocol import BuildTarget

COMMAND = (sys.executable, "-c", "from dbt.cli.main import cli; cli()")
FLAGS = ("--quiet", "--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats")
RESULTS = "run_results.json"
QUOTING = re.compile(
    "(?:Conversion|Constraint|Out of Range|Invalid Input|Mismatch Type) Error"
    "|invalid input syntax|violates [a-z-]+(?: [a-z]+)? constraint|(?:field )?value out of range"
)
"""Errors of the warehouse about values, which they quote."""


@dataclass(frozen=True)
class BuildResult:
    """The models that were built, how many tests passed, and dbt's own seconds."""

    models: tuple[str, ...]
    tests: int
    seconds: float


class _Node(BaseModel):
    unique_id: str
    status: str
    message: str | None = None

    @property
    def kind(self) -> str:
        return self.unique_id.split(".")[0]

    @property
    def name(self) -> str:
        return self.unique_id.split(".")[2]


class _Results(BaseModel):
    results: tuple[_Node, ...]
    elapsed_time: float


def build(
    target: BuildTarget,
    project: Path,
    work: Path,
    select: str,
    days: tuple[date, ...],
    *,
    threads: int = 1,
    timeout: float = 3600.0,
) -> BuildResult:
    """Build and test the nodes that `select` names, for these business dates; for all dates where a model is new.

    A DuckDB file has to be closed in this process; `project` may be read-only; profile, target and
    logs go into `work`. At most `timeout` seconds. Without days there is nothing to build.

    Errors: `FixTheData` names the models and tests that failed, with the first message; `RetryLater` where the warehouse is
    busy, dbt was killed or took too long; `FixTheConfiguration` where the project cannot be read or nothing is selected;
    `Missing` without dbt. Repeats: the days are built anew, also after a build that was cut anywhere.
    """
    if not days:
        return BuildResult((), 0, 0.0)
    if not _installed(target.adapter):
        raise Missing("dbt is not installed", next_command="pip install 'cloud-conductor[dbt]'")
    work = work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    output = {**target.output, "threads": threads}
    if "path" in output:  # seen from dbt's own folder: what dbt keeps of a parse holds wherever the home lies
        output["path"] = os.path.relpath(str(output["path"]), work)
    outputs = {"warehouse": output}
    profile = {"cloud_conductor": {"target": "warehouse", "outputs": outputs}}
    (work / "profiles.yml").write_text(json.dumps(profile, indent=2), encoding="utf-8")
    results = work / "target" / RESULTS
    results.unlink(missing_ok=True)
    done = _run_dbt(target.environment, project.absolute(), work, select, days, timeout)
    return _verdict(done, target, results, select, work / "logs" / "dbt.log")


def _installed(adapter: str) -> bool:
    """Ask without importing: looking for a module below `dbt.cli` loads all of dbt into this process, for seconds."""
    try:
        return bool(version("dbt-core") and version(f"dbt-{adapter}"))
    except PackageNotFoundError:
        return False


def _run_dbt(
    secrets: Mapping[str, str],
    project: Path,
    work: Path,
    select: str,
    days: tuple[date, ...],
    timeout: float,
) -> subprocess.CompletedProcess[str]:
    places = {
        "project-dir": project,
        "profiles-dir": work,
        "target-path": work / "target",
        "log-path": work / "logs",
    }
    arguments = [argument for name, value in places.items() for argument in (f"--{name}", str(value))]
    environment = {
        "BUILD_DAYS": " ".join(sorted(day.isoformat() for day in days)),
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PATH": os.defpath,
        **secrets,
    }
    command = [*COMMAND, *FLAGS, "build", *arguments, "--select", *select.split()]
    try:
        return subprocess.run(
            command, env=environment, cwd=work, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise RetryLater(f"dbt was stopped after {timeout:g} s without an end") from None


def _verdict(
    done: subprocess.CompletedProcess[str], target: BuildTarget, results: Path, select: str, log: Path
) -> BuildResult:
    said = f"{done.stdout}\n{done.stderr}"
    if done.returncode < 0:
        raise RetryLater(f"dbt was killed by signal {-done.returncode}")
    if done.returncode and target.busy.search(said):
        raise RetryLater("the warehouse is busy or does not answer: dbt could not work on it")
    if not results.exists():
        raise FixTheConfiguration(f"dbt cannot build: {_last_line(said)}", next_command=f"less {log}")
    found = _Results.model_validate_json(results.read_bytes())
    if failed := [node for node in found.results if node.status in ("error", "fail", "runtime error")]:
        raise _failure(failed, log)
    if done.returncode:
        raise FixTheConfiguration(
            f"dbt ended with code {done.returncode}: {_last_line(said)}", next_command=f"less {log}"
        )
    if not found.results:
        raise FixTheConfiguration(f"nothing in the dbt project is selected by {select}")
    models = tuple(node.name for node in found.results if node.kind == "model")
    return BuildResult(models, sum(node.kind == "test" for node in found.results), found.elapsed_time)


def _failure(failed: list[_Node], log: Path) -> ConductorError:
    names = ", ".join(f"{node.kind} {node.name}" for node in failed)
    message = " ".join((failed[0].message or "no message").split())
    if kind := QUOTING.search(message):
        message = f"an error ({kind[0]}) whose words may quote a row"
    return FixTheData(f"dbt failed at {names}: {message}", next_command=f"less {log}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
