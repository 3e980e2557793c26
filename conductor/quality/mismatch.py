"""Records that are not those of the contract: columns that every row needs are not there at all."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from conductor.contracts.model import Contract
from conductor.contracts.rules import SLOT_DAY


def mismatch(contract: Contract, columns: Collection[str]) -> str | None:
    """Say in words how the columns of records differ from what the contract reads; None where no required one is missing.

    Names of columns are told, never values. Columns that the contract does not read are told where one looks like a missing one.
    """
    read = {field.path for field in contract.fields}
    needed = sorted({field.path for field in contract.fields if field.required} - {SLOT_DAY, *columns})
    if not needed:
        return None
    strange = sorted(name for name in set(columns) - read if not name.startswith("_"))
    told = (_told(name, get_close_matches(name, strange, n=1, cutoff=0.75)) for name in needed)
    return f"the records do not match contract {contract.version}: {'; '.join(told)}"


def _told(missing: str, near: list[str]) -> str:
    return f"{missing} is missing" + (f", {near[0]} is new" if near else "")
