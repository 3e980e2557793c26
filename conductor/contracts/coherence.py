"""Whether the parts of a contract, each right by itself, fit together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from conductor.contracts.codes import field_codes
from conductor.contracts.file_format import PROPERTY
from conductor.contracts.model import PERSONAL, Column, Contract, ForeignKey, Kind
from conductor.contracts.odcs_places import COLUMN, FIELD, SCHEMA
from conductor.contracts.problems import nearest
from conductor.zones import DATASET

CODE = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
Misfit = tuple[str, str]
"""The name of a place, as `odcs_places` gives them, and a sentence."""


def check_coherence(contract: Contract) -> Iterator[Misfit]:
    """Give the faults of a contract, each with the name of its place."""
    fields = {field.name: field for field in contract.fields}
    columns = {column.name: column for column in contract.columns}
    yield from _identity(contract)
    yield from _names(contract)
    if not contract.key:
        yield SCHEMA, "no column is part of the `primaryKey`"
    for name in contract.key:
        yield from _in_both(COLUMN + name, name, "the key and `newest`", fields, columns)
        if not (_required(name, fields) and _required(name, columns)):
            side = COLUMN if _required(name, fields) else FIELD
            sentence = f"{name} is part of the key and has to be `required` in the records and in the dataset"
            yield side + name, sentence
    for name in contract.newest:
        yield from _in_both("newest", name, "the key and `newest`", fields, columns)
    if not _required(contract.day, columns) or columns[contract.day].kind is not Kind.DATE:
        sentence = "one required date column has to be `partitioned`: it holds the business date"
        yield COLUMN + contract.day, sentence
    yield from _control(contract, fields, columns)
    for foreign in contract.foreign_keys:
        if len(foreign.columns) != len(foreign.targets) or not set(foreign.columns) <= fields.keys():
            sentence = f"the relationship {foreign.code} has to go from fields to as many columns"
            yield foreign.code, sentence
    yield from _only_there(fields, columns)
    yield from _proofs(contract)


def check_references(
    contract: Contract, foreign: ForeignKey, others: Mapping[str, Contract]
) -> Iterator[str]:
    """Give the faults of one of a contract's relationships, in view of the other contracts by dataset."""
    fields = {field.name: field for field in contract.fields}
    if foreign.dataset not in others:
        hint = nearest(foreign.dataset, others)
        yield f"{foreign.code} looks into {foreign.dataset}, and there is no such product{hint}"
        return
    columns = {column.name: column for column in others[foreign.dataset].columns}
    for source, target in zip(foreign.columns, foreign.targets, strict=True):
        if target not in columns:
            hint = nearest(target, columns)
            yield f"{foreign.code} looks for {target}, which {foreign.dataset} does not have{hint}"
        elif columns[target].kind is not fields[source].kind:
            left, right = fields[source].kind, columns[target].kind
            yield f"{foreign.code} compares the {left} {source} with the {right} {target}"


def _proofs(contract: Contract) -> Iterator[Misfit]:
    """Find a trailer or sidecar that sums a column which files do not have."""
    said = contract.file_format
    for proof in (said.trailer, said.sidecar) if said else ():
        if proof and proof.total and proof.total not in contract.delivered:
            hint = nearest(proof.total, contract.delivered)
            sentence = f"a proof sums {proof.total}, and no field is read from a column of this name{hint}"
            yield PROPERTY, sentence


def _only_there(fields: Mapping[str, Column], columns: Mapping[str, Column]) -> Iterator[Misfit]:
    """Find what is checked on one side only and asked for on the other, and personal values that lose their mark."""
    for name, column in columns.items():
        if column.kind is Kind.DATE and (column.minimum or column.maximum or column.format):
            sentence = (
                f"bounds and format of a date are checked in the records, and {name} has them in the dataset"
            )
            yield COLUMN + name, sentence
        if name in fields and fields[name].classification == PERSONAL != column.classification:
            yield COLUMN + name, f"{name} is `personal` in the records and has to be so in the dataset"


def _identity(contract: Contract) -> Iterator[Misfit]:
    if not DATASET.fullmatch(contract.dataset):
        sentence = (
            f"{contract.dataset!r} is not a dataset: `domain` and the second object have lower-case names"
        )
        yield "domain", sentence
    if not VERSION.fullmatch(contract.version):
        yield "version", f"`version` has to be like 1.0.0, not {contract.version!r}"
    for place, name, value in (
        ("team", "team.name", contract.owner),
        ("customProperties", "source", contract.source),
        ("customProperties", "entity", contract.entity),
    ):
        if not value:
            yield place, f"`{name}` is missing"


def _names(contract: Contract) -> Iterator[Misfit]:
    """Find names and codes that stand twice, and codes that are not written as codes."""
    named = [each.code for each in (*contract.foreign_keys, *contract.rules, *contract.figures)]
    automatic = [code for field in contract.fields for code in field_codes(field)]
    for place, what, names in (
        (FIELD, "field", [field.name for field in contract.fields]),
        (COLUMN, "column", [column.name for column in contract.columns]),
        ("", "reason code", named + automatic),
    ):
        for name in _repeated(names):
            yield place + name, f"the {what} {name} stands twice"
    looked_into = {foreign.dataset: foreign.code for foreign in contract.foreign_keys}
    for name in _repeated(dataset.split("/")[-1] for dataset in looked_into):
        place = [code for dataset, code in looked_into.items() if dataset.endswith(f"/{name}")][-1]
        yield place, f"the joined table {name} stands twice"
    for code in named:
        if not CODE.fullmatch(code):
            yield code, f"{code!r} is not a reason code: capital letters, digits and _"


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _required(name: str, columns: Mapping[str, Column]) -> bool:
    return name in columns and columns[name].required


def _in_both(
    place: str, name: str, what: str, fields: Mapping[str, Column], columns: Mapping[str, Column]
) -> Iterator[Misfit]:
    if name not in fields or name not in columns:
        yield place, f"{name} is named by {what} and has to stand in the records and in the dataset"
    elif (fields[name].kind, fields[name].scale) != (columns[name].kind, columns[name].scale):
        yield place, f"{name} has to be of one type in the records and in the dataset"


def _control(
    contract: Contract, fields: Mapping[str, Column], columns: Mapping[str, Column]
) -> Iterator[Misfit]:
    if contract.control is None:
        return
    for place, name, kind in (
        ("controlCurrency", contract.control.currency, Kind.TEXT),
        ("controlAmount", contract.control.amount, Kind.DECIMAL),
    ):
        yield from _in_both(place, name, "the control totals", fields, columns)
        if name in fields and fields[name].kind is not kind:
            yield place, f"{name} of the control totals has to be a {kind}"
