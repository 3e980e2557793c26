"""The keys of the standard that a contract may use here.

A key that nothing would act on is a fault rather than a promise that nobody keeps. For every place in the document,
`READ` are the keys that do something, and `TOLD` those that inform people and ask nothing of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conductor.contracts.bounds import COMPARISONS
from conductor.contracts.document import Node
from conductor.contracts.problems import Problems, nearest


@dataclass(frozen=True)
class Place:
    """The keys of one kind of mapping. `below` are those that hold mappings; what lies below `told` is not looked at."""

    read: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    below: Mapping[str, Place] = field(default_factory=dict[str, "Place"])


def place(read: str = "", told: str = "", **below: Place) -> Place:
    """Write a place down; keys stand between blanks."""
    return Place(frozenset(read.split()), frozenset(told.split()), below)


TELLING = "id description tags businessName synonyms deprecated authoritativeDefinitions"
EXTRA = place("property value", "id description")
OPTIONS = place("minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern format")
ENUM = place("value", "id label description tags authoritativeDefinitions")
TYPED = "name description logicalType physicalType required classification"
ABOUT = f"{TELLING} examples criticalDataElement"
FIELD = place(f"{TYPED} physicalName", ABOUT, logicalTypeOptions=OPTIONS, enum=ENUM)
COLUMN = place(
    f"{TYPED} unique primaryKey primaryKeyPosition partitioned", ABOUT, logicalTypeOptions=OPTIONS, enum=ENUM
)
TELLING_RULE = "id tags dimension businessImpact authoritativeDefinitions"
ROW_RULE = place("name description type engine implementation query mustBe severity", TELLING_RULE)
COUNT = place(
    f"name description type metric query severity {' '.join(COMPARISONS)}",
    TELLING_RULE,
)
TELLING_OBJECT = f"{TELLING} physicalType logicalType dataGranularityDescription"
RECORDS = place(
    "name",
    TELLING_OBJECT,
    properties=FIELD,
    quality=ROW_RULE,
    relationships=place("from to type", "id", customProperties=EXTRA),
)
CURATED = place("name", TELLING_OBJECT, properties=COLUMN, quality=COUNT)
ROOT = place(
    "apiVersion kind version domain",
    "id name status tenant tags contractCreatedTs authoritativeDefinitions support",
    description=place("purpose", "usage limitations authoritativeDefinitions"),
    team=place("name", "id description members tags authoritativeDefinitions"),
    slaProperties=place("property value unit", "id description authoritativeDefinitions"),
    customProperties=EXTRA,
)
"""The document without its objects, which differ from each other."""


def check_keys(root: Node, problems: Problems) -> None:
    """Note each key that nothing would act on, with its line."""
    _walk(root, ROOT, problems, frozenset({"schema"}))
    for node, known in zip(root.nodes("schema"), (RECORDS, CURATED), strict=False):
        _walk(node, known, problems)


def _walk(node: Node, known: Place, problems: Problems, elsewhere: frozenset[str] = frozenset()) -> None:
    allowed = known.read | known.told | known.below.keys() | elsewhere
    for key in node.names():
        if key not in allowed:
            sentence = f"`{key}` is part of the standard, but nothing here would act on it"
            problems.add(node.line_of(key), sentence + nearest(key, allowed - known.told))
    for key, inner in known.below.items():
        for each in (*node.nodes(key), node.node(key)):
            _walk(each, inner, problems)
