"""YAML that remembers its lines, and its check against the schema of the Open Data Contract Standard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft201909Validator, ValidationError, ValidationErrorKind
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from conductor.contracts.problems import Problems, nearest


@dataclass(frozen=True)
class Node:
    """A mapping of the file. `line` is where it begins; a key that is absent reads as empty."""

    data: CommentedMap
    line: int

    def names(self) -> tuple[str, ...]:
        """Give the keys, as written."""
        return tuple(map(str, self.data))

    def line_of(self, key: str) -> int:
        """Give the line of a key, or of the mapping where the key is absent."""
        return self.data.lc.key(key)[0] + 1 if key in self.data else self.line

    def text(self, key: str) -> str:
        """Give a value as text; a float in plain digits, so that `0.000001` stays what it was."""
        value = self.data.get(key, "")
        if isinstance(value, bool):
            return "true" if value else "false"
        return format(Decimal(repr(float(value))), "f") if isinstance(value, float) else str(value).strip()

    def whole(self, key: str) -> int | None:
        """Give a whole number, None for an absent key or any other value."""
        value = self.data.get(key)
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, key: str) -> bool:
        """Give whether a key is set to true."""
        return self.data.get(key) is True

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts; a single value is a list of one."""
        value = self.data.get(key, CommentedSeq())
        return tuple(map(str, value)) if isinstance(value, CommentedSeq) else (str(value),)

    def node(self, key: str) -> Node:
        """Give a mapping within this one."""
        value = self.data.get(key)
        return Node(value if isinstance(value, CommentedMap) else CommentedMap(), self.line_of(key))

    def nodes(self, key: str) -> tuple[Node, ...]:
        """Give the mappings of a list."""
        value = self.data.get(key, ())
        if not isinstance(value, CommentedSeq):
            return ()
        return tuple(Node(item, value.lc.item(n)[0] + 1) for n, item in enumerate(value))


def read_text(path: Path, problems: Problems) -> str | None:
    """Give the text of a file, or None and a fault."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(1, f"it cannot be read: {type(error).__name__}")
        return None


def parse_document(text: str, problems: Problems) -> Node | None:
    """Read a contract's YAML and hold it against the standard's own schema; None and faults where it is not one."""
    try:
        root = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        problems.add(
            error.problem_mark.line + 1 if error.problem_mark else 1, f"this is not YAML: {error.problem}"
        )
        return None
    if not isinstance(root, CommentedMap):
        problems.add(1, "a contract is a mapping of keys to values")
        return None
    for error in _validator().iter_errors(_plain(root)):
        for line, sentence in _explain(root, _innermost(error)):
            problems.add(line, sentence)
    return None if problems.found else Node(root, 1)


@cache
def _schema() -> dict[str, Any]:
    return json.loads(
        files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    )


@cache
def _validator() -> Draft201909Validator:
    return Draft201909Validator(_schema())


def _plain(value: object) -> object:
    """Give what JSON has for a value of the file: ruamel's numbers and texts remember how they were written, a day is a text."""
    if isinstance(value, CommentedMap):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    return str(value)


def _innermost(error: ValidationError) -> ValidationError:
    """Give what is wrong in the branch that came furthest, where none of several schemas fits."""
    if isinstance(error.kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        causes = (cause for branch in error.kind.context for cause in branch)
        deepest = max(causes, key=lambda cause: len(cause.instance_path), default=error)
        if len(deepest.instance_path) > len(error.instance_path):
            return _innermost(deepest)
    return error


def _explain(root: CommentedMap, error: ValidationError) -> Iterator[tuple[int, str]]:
    """Say a fault in the words of the file. Keys that only look unknown because a neighbour is wrong are left
    out.
    """
    path, kind = error.instance_path, error.kind
    if isinstance(kind, ValidationErrorKind.UnevaluatedProperties | ValidationErrorKind.AdditionalProperties):
        known = _known_keys(reduce(_within, error.schema_path[:-1], _schema()))
        for key in kind.unexpected:
            if key not in known:
                yield _line(root, [*path, key]), f"`{key}` is not a key here{nearest(key, known)}"
    elif isinstance(kind, ValidationErrorKind.Enum):
        allowed = [str(value) for value in kind.options]
        hint = nearest(str(error.instance), allowed) or f"; it is one of {', '.join(allowed)}"
        yield _line(root, path), f"`{path[-1]}` cannot be `{error.instance}`{hint}"
    else:
        yield _line(root, path), error.message


def _within(schema: Any, part: str | int) -> Any:
    return schema[part]


def _known_keys(schema: Mapping[str, Any]) -> set[str]:
    """Collect the keys that a schema names, through references and conditions."""
    known = set(schema.get("properties", ()))
    if "$ref" in schema:
        known |= _known_keys(_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(key, ()):
            known |= _known_keys(inner)
    return known | _known_keys(schema["then"]) if "then" in schema else known


def _line(root: CommentedMap, path: list[str | int]) -> int:
    """Give the line of the innermost part of a path that has one."""
    line, at = 1, root
    for part in path:
        if isinstance(at, CommentedMap) and part in at:
            line = at.lc.key(part)[0] + 1
        elif isinstance(at, CommentedSeq):
            line = at.lc.item(part)[0] + 1
        else:
            break
        at = at[part]
    return line
