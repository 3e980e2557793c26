"""What the client core has to know of a system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from conductor.records import Document
from conductor.sources.client import ApiClient
from conductor.sources.oauth import Endpoints
from conductor.sources.pace import Limits
from conductor.sources.transport import RawAnswer

System = TypeVar("System", covariant=True)


@dataclass(frozen=True)
class Adapter(Generic[System]):
    """A system as a value: its addresses, limits and errors, and what makes a `System` of a client and a page
    size.

    `name` begins the names of its connections; `company_path` is the path of all requests, with `{company}`
    in it.
    """

    name: str
    endpoints: Callable[[str], Endpoints]
    scope: str
    company_path: str
    limits: Limits
    read: Callable[[RawAnswer], Document]
    open: Callable[[ApiClient, int], System]
