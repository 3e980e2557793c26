"""What a sandbox remembers over a restart, in one JSON file."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from sandbox.quickbooks.book import Changes
from sandbox.quickbooks.journal import Ledger
from sandbox.quickbooks.oauth import Consents


@dataclass
class Memory:
    """All that is not derived from the seed, by company where it belongs to one."""

    seed: int
    version: Literal[1] = 1
    consents: Consents = field(default_factory=Consents)
    changes: dict[str, Changes] = field(default_factory=dict[str, Changes])
    ledgers: dict[str, Ledger] = field(default_factory=dict[str, Ledger])


FORM = TypeAdapter(Memory)


def recall(path: Path | None, seed: int) -> Memory:
    """Read the file, or begin anew without one; `ValueError` for a damaged one or another seed's."""
    if path is None or not path.exists():
        return Memory(seed)
    try:
        memory = FORM.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path} is not a state file of this sandbox; move it away to begin anew") from error
    if memory.seed != seed:
        raise ValueError(f"{path} belongs to seed {memory.seed}, not {seed}; move it away to begin anew")
    return memory


def keep(memory: Memory, path: Path) -> None:
    """Replace the file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with draft.open("wb") as file:
        file.write(FORM.dump_json(memory, indent=1))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
