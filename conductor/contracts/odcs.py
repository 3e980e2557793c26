"""A contract in the Open Data Contract Standard, read into the model.

The file describes two objects: `records`, which the source delivers, and one named like the dataset, which
readers get. Rows are judged by the fields of `records`, its `quality` rules and its `relationships`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from conductor.contracts.coherence import check_coherence
from conductor.contracts.columns import read_column
from conductor.contracts.document import Node
from conductor.contracts.keys import check_keys
from conductor.contracts.model import (
    Agreement,
    Contract,
    Control,
    ForeignKey,
    RowCount,
    Rule,
    Severity,
    SourceField,
)
from conductor.contracts.portable import check_condition
from conductor.contracts.problems import Problems, nearest

RECORDS = "records"
RULE_ENGINE = "cloud-conductor"
PROPERTIES = {
    "source": "which source delivers the records",
    "entity": "what the source calls them",
    "newest": "fields that order the versions of a key, oldest first",
    "controlCurrency": "field with the currency of the control totals",
    "controlAmount": "field with the amount of the control totals",
    "emptyDayAllowed": "whether a day without records is in order",
    "lookbackDays": "how many days back changes are looked for",
    "usualRows": "rows of a usual day",
}
AGREEMENTS = {
    "latency": "how long after the end of the business day the data is there; dbt's source freshness asks for it",
    "retention": "how long the data is kept; the product's page tells it, and nothing is deleted here",
}


def read_contract(root: Node, problems: Problems) -> Contract:
    """Give the contract; faults go to `problems`, and with any of them it must not be used."""
    check_keys(root, problems)
    records, curated = _objects(root, problems)
    settings = _settings(root, problems)
    fields = tuple(_field(node, problems) for node in records.nodes("properties"))
    columns = tuple(read_column(node, problems) for node in curated.nodes("properties"))
    key, day = _key(curated)
    currency, amount = _text(settings, "controlCurrency"), _text(settings, "controlAmount")
    contract = Contract(
        dataset=f"{root.text('domain')}/{curated.text('name')}",
        version=root.text("version"),
        owner=root.node("team").text("name"),
        description=root.node("description").text("purpose"),
        source=_text(settings, "source"),
        entity=_text(settings, "entity"),
        fields=fields,
        rules=tuple(_rule(node, fields, problems) for node in records.nodes("quality")),
        foreign_keys=tuple(_foreign(node, fields, problems) for node in records.nodes("relationships")),
        columns=columns,
        key=key,
        newest=settings["newest"].texts("value") if "newest" in settings else (),
        day=day,
        control=Control(currency, amount) if currency or amount else None,
        empty_day_allowed="emptyDayAllowed" in settings and settings["emptyDayAllowed"].flag("value"),
        lookback_days=_whole(settings, "lookbackDays", problems) or 0,
        usual_rows=_whole(settings, "usualRows", problems),
        agreements=tuple(_agreement(node, problems) for node in root.nodes("slaProperties")),
        row_counts=tuple(_row_count(node, problems) for node in curated.nodes("quality")),
    )
    for sentence in check_coherence(contract):
        problems.add(root.line_of("schema"), sentence)
    return contract


def _objects(root: Node, problems: Problems) -> tuple[Node, Node]:
    """Find `records` and the dataset's own object."""
    objects = root.nodes("schema")
    names = [node.text("name") for node in objects]
    if len(names) != 2 or names[0] != RECORDS:
        problems.add(
            root.line_of("schema"),
            f"`schema` has to hold two objects, `{RECORDS}` and the dataset; it holds {names}",
        )
        problems.stop_if_any()
    return objects[0], objects[1]


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


def _text(settings: Mapping[str, Node], name: str) -> str:
    return settings[name].text("value") if name in settings else ""


def _whole(settings: Mapping[str, Node], name: str, problems: Problems) -> int | None:
    if name not in settings:
        return None
    value = settings[name].whole("value")
    if value is None or value < 0:
        problems.add(settings[name].line_of("value"), f"`{name}` has to be a whole number, 0 or more")
    return value


def _field(node: Node, problems: Problems) -> SourceField:
    column = read_column(node, problems)
    if not node.text("physicalName"):
        problems.add(
            node.line, f"{column.name} needs `physicalName`, the column of the records that it is read from"
        )
    return SourceField(**asdict(column), path=node.text("physicalName"))


def _key(curated: Node) -> tuple[tuple[str, ...], str]:
    """Give the business key in the order of its positions, and the column of the partitions."""
    properties = curated.nodes("properties")
    keys = sorted(
        (node for node in properties if node.flag("primaryKey")),
        key=lambda node: node.whole("primaryKeyPosition") or 0,
    )
    days = [node.text("name") for node in properties if node.flag("partitioned")]
    return tuple(node.text("name") for node in keys), days[0] if len(days) == 1 else ""


def _agreement(node: Node, problems: Problems) -> Agreement:
    name, value, unit = node.text("property"), node.text("value"), node.text("unit")
    if name not in AGREEMENTS:
        known = ", ".join(AGREEMENTS)
        sentence = (
            f"nobody here would see that `{name}` is kept; there are {known}{nearest(name, AGREEMENTS)}"
        )
        problems.add(node.line_of("property"), sentence)
    agreement = Agreement(name, value, unit)
    if name == "latency" and agreement.hours is None:
        problems.add(node.line_of("value"), "`latency` is a whole number of h or d")
    return agreement


def _severity(node: Node, problems: Problems) -> Severity:
    severity = node.text("severity") or Severity.ERROR.value
    if severity not in set(Severity):
        problems.add(node.line_of("severity"), f"`severity` cannot be `{severity}`; it is error or warning")
        return Severity.ERROR
    return Severity(severity)


def _rule(node: Node, fields: tuple[SourceField, ...], problems: Problems) -> Rule:
    for key, value in (("type", "custom"), ("engine", RULE_ENGINE)):
        if node.text(key) != value:
            problems.add(node.line_of(key), f"a row rule has `{key}: {value}`; no other is checked here")
    sql = node.text("implementation")
    for fault in check_condition(sql, [field.name for field in fields]):
        problems.add(node.line_of("implementation"), fault)
    return Rule(node.text("name"), sql, node.text("description"), _severity(node, problems))


def _row_count(node: Node, problems: Problems) -> RowCount:
    """Read a check of the dataset as a whole; the number of rows is the one that there is."""
    for key, value in (("type", "library"), ("metric", "rowCount")):
        if node.text(key) != value:
            problems.add(
                node.line_of(key), f"a check of the dataset has `{key}: {value}`; no other is checked here"
            )
    least, most = node.whole("mustBeGreaterOrEqualTo"), node.whole("mustBeLessOrEqualTo")
    if len(ends := node.wholes("mustBeBetween")) == 2:
        least, most = ends
    if least is None and most is None:
        problems.add(node.line, "`rowCount` has to have whole numbers that it lies between")
    return RowCount(least, most, _severity(node, problems))


def _foreign(node: Node, fields: tuple[SourceField, ...], problems: Problems) -> ForeignKey:
    said = {item.text("property"): item for item in node.nodes("customProperties")}
    for name in said.keys() - {"code", "unless", "description"}:
        problems.add(
            said[name].line,
            f"`{name}` is not a property of a relationship; there are code, unless and description",
        )
    unless = _text(said, "unless") or None
    for fault in check_condition(unless, [field.name for field in fields]) if unless else ():
        problems.add(said["unless"].line, fault)
    targets = [tuple(target.rsplit(".", 1)) for target in node.texts("to")]
    datasets = list(dict.fromkeys(target[0].replace(".", "/") for target in targets))
    if len(datasets) != 1 or any(not source.startswith(f"{RECORDS}.") for source in node.texts("from")):
        problems.add(
            node.line,
            f"a relationship goes from `{RECORDS}.<field>` to `<domain>.<dataset>.<column>`, one dataset",
        )
    return ForeignKey(
        code=_text(said, "code"),
        columns=tuple(source.removeprefix(f"{RECORDS}.") for source in node.texts("from")),
        dataset=next(iter(datasets), ""),
        targets=tuple(target[-1] for target in targets),
        description=_text(said, "description"),
        unless=unless,
    )
