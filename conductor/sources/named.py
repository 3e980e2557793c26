"""The sources that a workspace names: which company of which kind of system each of them is.

A product's contract names its source; so each source has products of its own, and business keys of two companies never meet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from conductor.errors import FixTheConfiguration
from conductor.settings import Settings

KINDS = ("quickbooks",)
"""What there is an adapter for. A further kind is named here and opened in `Workspace.source`."""
NAMED = re.compile(r"(?P<name>[a-z][a-z0-9_-]*)=(?P<kind>[a-z0-9_]+):(?P<company>[0-9]+)")


@dataclass(frozen=True)
class NamedSource:
    """A company of a system."""

    name: str
    kind: str
    company: str


def named_sources(settings: Settings) -> Mapping[str, NamedSource]:
    """Give all sources by name: one for each kind, the main company, and those that the settings add.

    A text that names none, or an unknown kind, is `FixTheConfiguration`.
    """
    main = NamedSource("quickbooks", "quickbooks", settings.accounting_realm)
    return {main.name: main} | {found.name: found for found in map(_named, settings.sources)}


def _named(text: str) -> NamedSource:
    found = NAMED.fullmatch(text.strip())
    if found is None:
        raise FixTheConfiguration(
            f"{text!r} names no source: it is written name=kind:company, as in north=quickbooks:9130350000000003"
        )
    if found["kind"] not in KINDS:
        raise FixTheConfiguration(
            f"there is no kind of source {found['kind']!r}; known are: {', '.join(KINDS)}"
        )
    return NamedSource(found["name"], found["kind"], found["company"])
