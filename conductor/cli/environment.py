"""What sets one environment apart from another when deployments are made: a step of `prefect deploy`, named in prefect.yaml."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from conductor.errors import FixTheConfiguration

EXAMPLE = "export CONDUCTOR_ENVIRONMENT=k8s/environments/local.toml"


@dataclass(frozen=True)
class Environment:
    """An environment: the workspace that deployments carry, the time zone of their schedules, the folder of the code where runs run."""

    workspace: str
    timezone: str
    directory: str


def environment(file: str | None = None) -> dict[str, str]:
    """Give the values of an environment's file to the rest of prefect.yaml; `directory` is taken from where `prefect deploy` is typed.

    No file, or one that says too little, too much or a zone that does not exist, is `FixTheConfiguration`: a value left out would
    be left out of the deployments, and their runs would take a default.
    """
    if not file:
        raise FixTheConfiguration("CONDUCTOR_ENVIRONMENT names no environment's file", next_command=EXAMPLE)
    found = read(Path(file))
    directory = found.directory if found.directory.startswith("/") else str(Path(found.directory).absolute())
    return asdict(found) | {"directory": directory}


def read(file: Path) -> Environment:
    """Read an environment's file."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise FixTheConfiguration(f"there is no file {file}", next_command=EXAMPLE) from None
    except tomllib.TOMLDecodeError as error:
        raise FixTheConfiguration(f"{file} is not TOML: {error}") from None
    names = {field.name for field in fields(Environment)}
    if wrong := sorted(names ^ set(said)) or [name for name in sorted(names) if not _is_text(said[name])]:
        raise FixTheConfiguration(
            f"{file} has to say {', '.join(sorted(names))} as texts, and nothing else; look at {', '.join(wrong)}"
        )
    try:
        ZoneInfo(said["timezone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise FixTheConfiguration(f"{file}: there is no time zone {said['timezone']!r}") from None
    return Environment(**said)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
