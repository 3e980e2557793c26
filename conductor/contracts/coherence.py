"""Whether the parts of a contract, each right by itself, fit together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from conductor.contracts.codes import field_codes
from conductor.contracts.model import PERSONAL, Column, Contract, ForeignKey, Kind
from conductor.contracts.problems import nearest
from conductor.zones import DATASET

CODE = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def check_coherence(contract: Contract) -> Iterator[str]:
    """Give the faults of a contract as sentences."""
    fields = {field.name: field for field in contract.fields}
    columns = {column.name: column for column in contract.columns}
    yield from _identity(contract)
    yield from _names(contract)
    if not contract.key:
        yield "no column is part of the `primaryKey`"
    for name in (*contract.key, *contract.newest):
        yield from _in_both(name, "the key and `newest`", fields, columns)
    for name in contract.key:
        if not (_required(name, fields) and _required(name, columns)):
            yield f"{name} is part of the key and has to be `required` in the records and in the dataset"
    if not _required(contract.day, columns) or columns[contract.day].kind is not Kind.DATE:
        yield "one required date column has to be `partitioned`: it holds the business date"
    yield from _control(contract, fields, columns)
    for foreign in contract.foreign_keys:
        if len(foreign.columns) != len(foreign.targets) or not set(foreign.columns) <= fields.keys():
            yield f"the relationship {foreign.code} has to go from fields to as many columns"
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


def _proofs(contract: Contract) -> Iterator[str]:
    """Find a trailer or sidecar that sums a column which files do not have."""
    said = contract.file_format
    for proof in (said.trailer, said.sidecar) if said else ():
        if proof and proof.total and proof.total not in contract.delivered:
            hint = nearest(proof.total, contract.delivered)
            yield f"a proof sums {proof.total}, and no field is read from a column of this name{hint}"


def _only_there(fields: Mapping[str, Column], columns: Mapping[str, Column]) -> Iterator[str]:
    """Find what is checked on one side only and asked for on the other, and personal values that lose their mark."""
    for name, column in columns.items():
        if column.kind is Kind.DATE and (column.minimum or column.maximum or column.format):
            yield f"bounds and format of a date are checked in the records, and {name} has them in the dataset"
        if name in fields and fields[name].classification == PERSONAL != column.classification:
            yield f"{name} is `personal` in the records and has to be so in the dataset"


def _identity(contract: Contract) -> Iterator[str]:
    if not DATASET.fullmatch(contract.dataset):
        yield f"{contract.dataset!r} is not a dataset: `domain` and the second object have lower-case names"
    if not VERSION.fullmatch(contract.version):
        yield f"`version` has to be like 1.0.0, not {contract.version!r}"
    for name, value in (
        ("team.name", contract.owner),
        ("source", contract.source),
        ("entity", contract.entity),
    ):
        if not value:
            yield f"`{name}` is missing"


def _names(contract: Contract) -> Iterator[str]:
    """Find names and codes that stand twice, and codes that are not written as codes."""
    named = [each.code for each in (*contract.foreign_keys, *contract.rules, *contract.figures)]
    automatic = [code for field in contract.fields for code in field_codes(field)]
    for what, names in (
        ("field", [field.name for field in contract.fields]),
        ("column", [column.name for column in contract.columns]),
        ("reason code", named + automatic),
        ("joined table", [dataset.split("/")[-1] for dataset in contract.references]),
    ):
        for name in _repeated(names):
            yield f"the {what} {name} stands twice"
    for code in named:
        if not CODE.fullmatch(code):
            yield f"{code!r} is not a reason code: capital letters, digits and _"


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _required(name: str, columns: Mapping[str, Column]) -> bool:
    return name in columns and columns[name].required


def _in_both(
    name: str, what: str, fields: Mapping[str, Column], columns: Mapping[str, Column]
) -> Iterator[str]:
    if name not in fields or name not in columns:
        yield f"{name} is named by {what} and has to stand in the records and in the dataset"
    elif (fields[name].kind, fields[name].scale) != (columns[name].kind, columns[name].scale):
        yield f"{name} has to be of one type in the records and in the dataset"


def _control(
    contract: Contract, fields: Mapping[str, Column], columns: Mapping[str, Column]
) -> Iterator[str]:
    if contract.control is None:
        return
    for name, kind in ((contract.control.currency, Kind.TEXT), (contract.control.amount, Kind.DECIMAL)):
        yield from _in_both(name, "the control totals", fields, columns)
        if name in fields and fields[name].kind is not kind:
            yield f"{name} of the control totals has to be a {kind}"
