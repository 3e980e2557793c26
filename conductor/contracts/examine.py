"""All that can be said of products before any data comes: what is wrong with them, and what they compile to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conductor.contracts.codes import field_codes
from conductor.contracts.compare import Comparison, compare
from conductor.contracts.dbt import names_of_tests
from conductor.contracts.ddl import Warehouse, column_type
from conductor.contracts.expectations import expectations
from conductor.contracts.load import CONTRACT, REFINE, Reading, read_released
from conductor.contracts.model import Contract
from conductor.contracts.problems import Fault
from conductor.contracts.steps import Step
from conductor.contracts.trial import ENGINES, Run, try_figures, try_refine, try_rules
from conductor.errors import FixTheConfiguration
from conductor.warehouses.sql import schema


@dataclass(frozen=True)
class Compiled:
    """What a contract becomes. `codes` are the reasons for which a row may be set aside, in order of their check."""

    version: str
    columns: tuple[str, ...]
    codes: tuple[str, ...]
    expectations: tuple[str, ...]
    dbt_tests: tuple[str, ...]
    personal: tuple[str, ...]


@dataclass(frozen=True)
class Examined:
    """A product's faults; and where there are none, what its contract compiles to."""

    dataset: str
    faults: tuple[Fault, ...]
    compiled: Compiled | None


def examine(reading: Reading, others: Sequence[Reading], engines: Mapping[str, Run] = ENGINES) -> Examined:
    """Examine one product in view of all; its SQL is tried on the engines once nothing else is wrong."""
    faults = [*reading.faults, *_unreleased(reading), *_unloadable(reading)]
    if not reading.faults:
        faults += _tried(reading, others, engines)
    product = reading.product
    compiled = compile_contract(product.contract) if product and not faults else None
    return Examined(reading.dataset, tuple(sorted(faults)), compiled)


def compile_contract(contract: Contract) -> Compiled:
    """Give what a contract becomes, in words."""
    automatic = (code for field in contract.fields for code in field_codes(field))
    named = (each.code for each in (*contract.rules, *contract.foreign_keys))
    return Compiled(
        version=contract.version,
        columns=tuple(
            f"{column.name} {column_type(column, Warehouse.DUCKDB)}{' NOT NULL' if column.required else ''}"
            for column in contract.columns
        ),
        codes=(*automatic, *named),
        expectations=tuple(
            f"{each.type.removeprefix('expect_')}{f' {each.column}' if each.column else ''}"
            for each in expectations(contract)
        )
        + tuple(f"figure {each.code}" for each in contract.figures),
        dbt_tests=names_of_tests(contract),
        personal=tuple(sorted(contract.personal)),
    )


def since_release(reading: Reading) -> Comparison | None:
    """Compare a product with its version that was given out; None where none was or the product is broken."""
    released = read_released(reading.folder)
    return compare(released, reading.product.contract) if released and reading.product else None


def _unloadable(reading: Reading) -> Iterator[Fault]:
    """Find a domain that is a schema of the warehouse's own."""
    try:
        if reading.product:
            schema(reading.product.contract)
    except FixTheConfiguration as error:
        yield Fault(reading.folder / CONTRACT, 1, error.sentence)


def _unreleased(reading: Reading) -> Iterator[Fault]:
    """Find a change that the version number does not tell; one of words alone may go without."""
    file = reading.folder / CONTRACT
    try:
        found = since_release(reading)
    except FixTheConfiguration as error:
        yield Fault(file, 1, error.sentence)
        return
    if found is None or found.enough or found.needed is Step.PATCH:
        return
    kind = "breaks" if found.breaking else "changes"
    for change in found.changes:
        if change.step is found.needed:
            yield Fault(
                file,
                1,
                f"this {kind} what was given out as {found.old}: {change.sentence}; it takes {found.next_version}",
            )


def _tried(reading: Reading, others: Sequence[Reading], engines: Mapping[str, Run]) -> Iterator[Fault]:
    product = reading.product
    if product is None:
        return
    rules = [*try_rules(product.contract, engines), *try_figures(product.contract, engines)]
    for code, said in rules:
        yield Fault(reading.folder / CONTRACT, reading.lines.get(code, 1), f"{code}: {said}")
    contracts = {other.dataset: other.product.contract for other in others if other.product}
    joined = [contracts[dataset] for dataset in product.contract.references if dataset in contracts]
    if len(joined) == len(product.contract.references):
        for said in try_refine(product, joined, engines):
            yield Fault(reading.folder / REFINE, 1, said)
