"""Where the parts of a contract stand in its file, so that what does not fit is told with the line to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conductor.contracts.document import Node

SCHEMA = "schema"
"""The key below which all objects stand: the place of what stands nowhere."""
FIELD = "field "
"""Before the name of what the source delivers, in the name of its place."""
COLUMN = "column "
"""Before the name of what readers get."""


def places(root: Node) -> Mapping[str, int]:
    """Give the lines of a contract's keys, properties, fields, columns and codes; of a name that stands twice, the second."""
    return dict(_places(root))


def _places(root: Node) -> Iterator[tuple[str, int]]:
    yield SCHEMA, root.line_of(SCHEMA)
    for key in root.names():
        yield key, root.line_of(key)
    for node in root.nodes("customProperties"):
        yield node.text("property"), node.line
    for node, kind in zip(root.nodes(SCHEMA), (FIELD, COLUMN), strict=True):
        for each in node.nodes("properties"):
            yield kind + each.text("name"), each.line_of("name")
        for each in node.nodes("quality"):
            yield each.text("name"), each.line_of("name")
        for each in node.nodes("relationships"):
            for said in each.nodes("customProperties"):
                if said.text("property") == "code":
                    yield said.text("value"), said.line
