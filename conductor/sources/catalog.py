"""The systems that can be read. Adding one is a module with an `ADAPTER`, a member and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from conductor.sources import quickbooks
from conductor.sources.adapter import Adapter
from conductor.sources.protocol import Source


class SourceKind(StrEnum):
    """The name of a system, as a contract gives it."""

    QUICKBOOKS = "quickbooks"


ADAPTERS: Mapping[SourceKind, Adapter[Source]] = {SourceKind.QUICKBOOKS: quickbooks.ADAPTER}
