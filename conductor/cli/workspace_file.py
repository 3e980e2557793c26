"""A workspace as a file: the fields of its block and of those within it, with references where a secret would stand."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from prefect.blocks.core import Block
from pydantic import SecretStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from blocks.workspace import Workspace
from conductor.contracts.problems import nearest
from conductor.errors import FixTheConfiguration
from conductor.secrets import REFERENCE

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
REFERRING = {REFERENCE, "^(env|file):"}


def read_workspace(file: Path) -> tuple[str, Workspace]:
    """Give name and block of the workspace that a file describes.

    Errors: `FixTheConfiguration` with the line, for what is no YAML, an unknown or missing field, a wrong value, or a secret that
    stands there as itself; the sentence never holds the value.
    """
    fields = _parsed(file)
    name = fields.pop("name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == "embedded":
        raise _wrong(
            file, 1, "`name` is missing or no name: small letters, digits and hyphens, and not embedded"
        )
    return name, _built(file, Workspace, fields, 1)


def _parsed(file: Path) -> CommentedMap:
    try:
        found = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{file} cannot be read: {type(error).__name__}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _wrong(file, line, f"this is not YAML: {error.problem}") from None
    if not isinstance(found, CommentedMap):
        raise _wrong(file, 1, "a workspace is a mapping of fields to values")
    return found


def _built(file: Path, kind: type[Any], fields: CommentedMap, line: int) -> Any:
    """Make a block, the ones within it first."""
    values: dict[str, object] = {}
    for key in map(str, fields):
        at = fields.lc.key(key)[0] + 1
        if key not in kind.model_fields:
            raise _wrong(file, at, f"`{key}` is no field here{nearest(key, set(kind.model_fields))}")
        values[key] = _value(file, kind.model_fields[key].annotation, key, fields[key], at)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=True)[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        at = fields.lc.key(key)[0] + 1 if key in fields else line
        raise _wrong(file, at, _said(key, first)) from None


def _value(file: Path, annotation: Any, key: str, value: Any, line: int) -> object:
    kinds = _alternatives(annotation)
    if SecretStr in kinds:
        raise _wrong(
            file,
            line,
            f"`{key}` is a secret: leave it out and give pods an identity, or its variable by a Secret",
        )
    blocks = [each for each in kinds if isinstance(each, type) and issubclass(each, Block)]
    if not blocks or value is None:
        return value
    if not isinstance(value, CommentedMap):
        raise _wrong(file, line, f"`{key}` has fields of its own")
    return _built(file, _fitting(blocks, value), value, line)


def _fitting(blocks: list[type[Block]], fields: CommentedMap) -> type[Block]:
    """Give the kind of block that has most of the fields."""
    return max(blocks, key=lambda block: len(set(map(str, fields)) & set(block.model_fields)))


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _said(key: str, error: Any) -> str:
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] in REFERRING:
        return f"`{key}` is a reference to a secret, env:NAME or file:/path, and never the secret itself"
    if error["type"] == "missing":
        return f"`{key}` is missing"
    return f"`{key}` is wrong: {error['msg']}"


def _wrong(file: Path, line: int, sentence: str) -> FixTheConfiguration:
    return FixTheConfiguration(f"{file}:{line}: {sentence}", next_command=f"edit {file}")
