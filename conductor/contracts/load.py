"""Products as shipped: a folder `<domain>/<dataset>/` with a contract and the SQL that makes its curated
columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from conductor.contracts.coherence import check_references
from conductor.contracts.document import Node, parse_document, read_text
from conductor.contracts.model import Contract, Product
from conductor.contracts.odcs import read_contract
from conductor.contracts.portable import check_query
from conductor.contracts.problems import Fault, Problems, stop_if_any
from conductor.errors import FixTheConfiguration

CONTRACT = "contract.odcs.yaml"
REFINE = "refine.sql"
RELEASED = "released.odcs.yaml"
"""The contract as readers know it: a copy made when a version was given out."""
ACCEPTED = "accepted"
"""What `refine.sql` reads: the typed fields of the rows that passed. Joined products stand beside it under
their table names.
"""


@dataclass(frozen=True)
class Reading:
    """What a product's folder says, and all that is wrong with it; the product is None where it can't be used."""

    folder: Path
    product: Product | None
    faults: tuple[Fault, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict[str, int])
    """Where the contract's rules and relationships begin, by code."""

    @property
    def dataset(self) -> str:
        """Name of the product, as its folder says it."""
        return f"{self.folder.parent.name}/{self.folder.name}"


def read(folder: Path) -> Reading:
    """Read one product's folder by itself: what it joins is not looked at."""
    problems, of_sql = Problems(folder / CONTRACT), Problems(folder / REFINE)
    text, sql = read_text(problems.file, problems), read_text(of_sql.file, of_sql)
    return _reading(folder, text, sql, (*problems.found, *of_sql.found))


# A workspace is opened several times in a process, and to hold a contract against the standard's schema takes 50 ms.
# The texts themselves are the key, so that a changed file is never taken for the old one.
@lru_cache(maxsize=256)
def _reading(folder: Path, text: str | None, sql: str | None, unread: tuple[Fault, ...]) -> Reading:
    problems, of_sql = Problems(folder / CONTRACT), Problems(folder / REFINE)
    root = parse_document(text, problems) if text is not None else None
    contract = read_contract(root, problems) if root else None
    dataset = f"{folder.parent.name}/{folder.name}"
    if contract and contract.dataset != dataset:
        problems.add(1, f"this is {contract.dataset}, but lies in the folder {dataset}")
    if sql is not None:
        _check_sql(of_sql, sql, contract)
    faults = tuple(sorted({*unread, *problems.found, *of_sql.found}))
    product = Product(contract, sql or "", folder) if contract and not faults else None
    return Reading(folder, product, faults, _lines(root) if root else {})


def load(folder: Path) -> Product:
    """Read one product's folder; all faults are listed in one `FixTheConfiguration`."""
    return _sound(read(folder))


def survey(paths: Sequence[Path]) -> tuple[Reading, ...]:
    """Read all products below the given folders, in view of each other."""
    for path in paths:
        if not path.is_dir():
            raise FixTheConfiguration(f"{path} is not a folder with products")
    readings: dict[str, Reading] = {}
    for file in (file for path in paths for file in sorted(path.glob(f"*/*/{CONTRACT}"))):
        reading = read(file.parent)
        if there := readings.get(reading.dataset):
            raise FixTheConfiguration(f"{reading.dataset} stands in {there.folder} and in {reading.folder}")
        readings[reading.dataset] = reading
    return tuple(_with_references(reading, readings) for reading in readings.values())


def discover(paths: Sequence[Path]) -> Mapping[str, Product]:
    """Read all products below the given folders, by dataset; what they join has to be among them."""
    readings = survey(paths)
    stop_if_any(fault for reading in readings for fault in reading.faults)
    return {reading.dataset: _sound(reading) for reading in readings}


def read_released(folder: Path) -> Contract | None:
    """Give the contract as it was given out; None where no version was."""
    return read_contract_file(folder / RELEASED) if (folder / RELEASED).exists() else None


def read_contract_file(file: Path) -> Contract:
    """Read a contract that stands by itself; all faults are listed in one `FixTheConfiguration`."""
    problems = Problems(file)
    text = read_text(file, problems)
    problems.stop_if_any()
    return contract_of(text or "", file)


def contract_of(text: str, file: Path) -> Contract:
    """Give the contract that a text says; `file` is where it came from, for people."""
    problems = Problems(file)
    root = parse_document(text, problems)
    contract = read_contract(root, problems) if root else None
    problems.stop_if_any()
    if contract is None:
        raise FixTheConfiguration(f"{file} is not a contract")
    return contract


def _sound(reading: Reading) -> Product:
    stop_if_any(reading.faults)
    if reading.product is None:
        raise FixTheConfiguration(f"{reading.folder} holds no product")
    return reading.product


def _lines(root: Node) -> Mapping[str, int]:
    records = next(iter(root.nodes("schema")), root)
    rules = {
        node.text("name"): node.line_of("query" if "query" in node.names() else "implementation")
        for each in root.nodes("schema")
        for node in each.nodes("quality")
    }
    return rules | {
        said.text("value"): node.line
        for node in records.nodes("relationships")
        for said in node.nodes("customProperties")
        if said.text("property") == "code"
    }


def _with_references(reading: Reading, readings: Mapping[str, Reading]) -> Reading:
    """Add what is wrong with a product's relationships; one to a product that is broken itself is not judged."""
    if reading.product is None:
        return reading
    faults = tuple(_reference_faults(reading, reading.product.contract, readings))
    return replace(reading, faults=(*reading.faults, *faults))


def _reference_faults(
    reading: Reading, contract: Contract, readings: Mapping[str, Reading]
) -> Iterator[Fault]:
    contracts = {name: other.product.contract for name, other in readings.items() if other.product}
    for foreign in contract.foreign_keys:
        other = readings.get(foreign.dataset)
        if other is None or other.product:
            for sentence in check_references(contract, foreign, contracts):
                yield Fault(reading.folder / CONTRACT, reading.lines.get(foreign.code, 1), sentence)


def _check_sql(problems: Problems, sql: str, contract: Contract | None) -> None:
    joined = (dataset.split("/")[-1] for dataset in contract.references) if contract else ()
    for line, sentence in check_query(sql, [ACCEPTED, *joined] if contract else None):
        problems.add(line, sentence)
