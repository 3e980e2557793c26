"""Amounts of memory as Kubernetes writes them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "m": Decimal("0.001")}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
UNITS = DECIMAL | BINARY
QUANTITY = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[kMGTm]|[KMGT]i)?")
STEP_MIB = 64


def mib(quantity: str) -> int | None:
    """Give an amount in MiB, rounded up; None for a text that is none."""
    found = QUANTITY.fullmatch(quantity)
    if found is None:
        return None
    return math.ceil(Decimal(found["number"]) * UNITS[found["unit"] or ""] / 2**20)


def larger(memory_mib: int) -> int:
    """Give the next larger class in MiB: half as much again, rounded up to whole steps of 64."""
    return math.ceil(memory_mib * 1.5 / STEP_MIB) * STEP_MIB
