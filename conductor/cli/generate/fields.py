"""The described fields of a pydantic model, as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
FORMATS = {"path": "path", "password": "secret"}


@dataclass(frozen=True)
class Field:
    """One field: what it takes, what it is if nobody says, and its sentence. A required one has no default."""

    name: str
    kind: str
    default: str
    description: str


def fields_of(model: type[BaseModel]) -> Iterator[Field]:
    """Give the fields of a model in the order in which they are written."""
    schema = model.model_json_schema()
    required = schema.get("required", [])
    for name, field in schema["properties"].items():
        default = "required" if name in required else _default(field)
        yield Field(name, kind(field), default, field.get("description", ""))


def kind(schema: Mapping[str, Any]) -> str:
    """Tell the type and bounds that a JSON schema allows."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(kind(one) for one in schema["anyOf"])
    match schema["type"]:
        case "array":
            return f"list of {kind(schema['items'])}"
        case "null":
            return "nothing"
        case plain:
            return FORMATS.get(schema.get("format", ""), WORDS[plain]) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f", {least} to {most}"
    if least is not None:
        return f", at least {least}"
    return f", matching `{schema['pattern']}`" if "pattern" in schema else ""


def _default(schema: Mapping[str, Any]) -> str:
    match schema.get("default"):
        case None | "" | []:
            return "empty"
        case value:
            return f"`{value if isinstance(value, str) else json.dumps(value)}`"
