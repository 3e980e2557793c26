"""A contract in the Open Data Contract Standard, read into the model.

The file describes two objects: `records`, which the source delivers, and one named like the dataset, which
readers get. Rows are judged by the fields of `records`, its `quality` rules and its `relationships`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from conductor.contracts.coherence import check_coherence
from conductor.contracts.columns import read_column
from conductor.contracts.document import Node
from conductor.contracts.file_format import PROPERTY, FileFormat, read_file_format
from conductor.contracts.keys import check_keys
from conductor.contracts.model import PARTITIONS, Column, Contract, Control, Kind, SourceField
from conductor.contracts.odcs_demands import (
    RECORDS,
    read_agreement,
    read_checks,
    read_relationship,
    read_rule,
    value_of,
)
from conductor.contracts.odcs_places import SCHEMA, places
from conductor.contracts.problems import Problems, nearest

PROPERTIES = {
    "source": "which source delivers the records",
    "entity": "what the source calls them",
    "newest": "fields that order the versions of a key, oldest first",
    "controlCurrency": "field with the currency of the control totals",
    "controlAmount": "field with the amount of the control totals",
    "emptyDayAllowed": "whether a day without records is in order",
    "lookbackDays": "how many days back changes are looked for",
    "usualRows": "rows of a usual day",
    "engine": "which engine refines, whatever the size: polars or spark",
    "sparkFromBytes": "size of the records from which Spark refines, in bytes",
    "journal": "whether a day's revenue is posted to the group's books",
    PROPERTY: "how dropped files are written",
}
ENGINES = ("polars", "spark")


def read_contract(root: Node, problems: Problems) -> Contract | None:
    """Give the contract; faults go to `problems`, and with any of them it must not be used, and without its objects it is None."""
    check_keys(root, problems)
    objects = _objects(root, problems)
    if objects is None:
        return None
    records, curated = objects
    settings = _settings(root, problems)
    file_format = (
        read_file_format(settings[PROPERTY].node("value"), problems) if PROPERTY in settings else None
    )
    fields = tuple(_field(node, file_format, problems) for node in records.nodes("properties"))
    columns = tuple(_curated_column(node, problems) for node in curated.nodes("properties"))
    key, day = _key(curated)
    row_counts, figures = read_checks(curated, columns, problems)
    currency, amount = value_of(settings, "controlCurrency"), value_of(settings, "controlAmount")
    contract = Contract(
        dataset=f"{root.text('domain')}/{curated.text('name')}",
        version=root.text("version"),
        owner=root.node("team").text("name"),
        description=root.node("description").text("purpose"),
        source=value_of(settings, "source"),
        entity=value_of(settings, "entity"),
        fields=fields,
        rules=tuple(read_rule(node, fields, problems) for node in records.nodes("quality")),
        foreign_keys=tuple(
            read_relationship(node, fields, problems) for node in records.nodes("relationships")
        ),
        columns=columns,
        key=key,
        newest=settings["newest"].texts("value") if "newest" in settings else (),
        day=day,
        control=Control(currency, amount) if currency or amount else None,
        empty_day_allowed=_flag(settings, "emptyDayAllowed", problems),
        lookback_days=_whole(settings, "lookbackDays", problems) or 0,
        usual_rows=_whole(settings, "usualRows", problems),
        engine=_engine(settings, problems),
        spark_from_bytes=_whole(settings, "sparkFromBytes", problems),
        agreements=tuple(read_agreement(node, problems) for node in root.nodes("slaProperties")),
        journal=_flag(settings, "journal", problems),
        row_counts=row_counts,
        figures=figures,
        file_format=file_format,
    )
    lines = places(root)
    for place, sentence in check_coherence(contract):
        problems.add(lines.get(place, lines[SCHEMA]), sentence)
    return contract


def _objects(root: Node, problems: Problems) -> tuple[Node, Node] | None:
    """Find `records` and the dataset's own object."""
    objects = root.nodes("schema")
    names = [node.text("name") for node in objects]
    if len(names) == 2 and names[0] == RECORDS:
        return objects[0], objects[1]
    problems.add(
        root.line_of("schema"),
        f"`schema` has to hold two objects, `{RECORDS}` and the dataset; it holds {names}",
    )
    return None


def _settings(root: Node, problems: Problems) -> Mapping[str, Node]:
    found: dict[str, Node] = {}
    for node in root.nodes("customProperties"):
        name = node.text("property")
        if name in found:
            problems.add(node.line, f"the property `{name}` stands twice")
        found[name] = node
        if name not in PROPERTIES:
            problems.add(
                node.line_of("property"),
                f"`{name}` is not a property of a product{nearest(name, PROPERTIES)}",
            )
    return found


def _flag(settings: Mapping[str, Node], name: str, problems: Problems) -> bool:
    if name not in settings:
        return False
    if settings[name].text("value") not in ("true", "false"):
        problems.add(settings[name].line_of("value"), f"`{name}` has to be true or false")
    return settings[name].text("value") == "true"


def _whole(settings: Mapping[str, Node], name: str, problems: Problems) -> int | None:
    if name not in settings:
        return None
    value = settings[name].whole("value")
    if value is None or value < 0:
        problems.add(settings[name].line_of("value"), f"`{name}` has to be a whole number, 0 or more")
    return value


def _engine(settings: Mapping[str, Node], problems: Problems) -> str | None:
    name = value_of(settings, "engine")
    if name and name not in ENGINES:
        problems.add(
            settings["engine"].line_of("value"), f"`engine` cannot be `{name}`; it is {' or '.join(ENGINES)}"
        )
    return name or None


def _field(node: Node, file_format: FileFormat | None, problems: Problems) -> SourceField:
    column = read_column(node, problems)
    if not node.text("physicalName"):
        problems.add(
            node.line, f"{column.name} needs `physicalName`, the column of the records that it is read from"
        )
    if file_format and column.kind is Kind.DECIMAL:
        column = replace(column, decimal_mark=file_format.decimal_mark)
    return SourceField(**asdict(column), path=node.text("physicalName"))


def _curated_column(node: Node, problems: Problems) -> Column:
    if (name := node.text("name")) in PARTITIONS:
        problems.add(
            node.line_of("name"),
            f"`{name}` cannot name a column of the dataset: the folders of its files have the keys {', '.join(PARTITIONS)}",
        )
    return read_column(node, problems)


def _key(curated: Node) -> tuple[tuple[str, ...], str]:
    """Give the business key in the order of its positions, and the column of the partitions."""
    properties = curated.nodes("properties")
    keys = sorted(
        (node for node in properties if node.flag("primaryKey")),
        key=lambda node: node.whole("primaryKeyPosition") or 0,
    )
    days = [node.text("name") for node in properties if node.flag("partitioned")]
    return tuple(node.text("name") for node in keys), days[0] if len(days) == 1 else ""
