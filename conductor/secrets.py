"""Secrets by reference: settings and blocks say where a secret is, never what it is.

`env:NAME` is a variable of the process (a mounted Kubernetes secret, say), `file:/path` a file that only the service may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from conductor.errors import FixTheConfiguration

REFERENCE = r"^$|^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$"
"""What a field for a reference may hold; empty where there is no secret."""


def resolve(reference: str, environment: Mapping[str, str]) -> SecretStr:
    """Give the secret that a reference names; an empty reference gives an empty secret.

    A reference of another form, or to nothing, is `FixTheConfiguration`; the message holds the reference alone.
    """
    if not reference:
        return SecretStr("")
    kind, _, name = reference.partition(":")
    if kind == "env" and name in environment:
        return SecretStr(environment[name])
    if kind == "file":
        try:
            return SecretStr(Path(name).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise FixTheConfiguration(f"the secret {reference} cannot be read: {error.strerror}") from None
    if kind == "env":
        raise FixTheConfiguration(
            f"the secret {reference} is not set in this process", next_command=f"export {name}=…"
        )
    raise FixTheConfiguration(
        "a secret is given by reference, as env:NAME or file:/path, never as itself",
        next_command="conductor doctor",
    )
