"""Products as shipped: a folder `<domain>/<dataset>/` with a contract and the SQL that makes its curated
columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from conductor.contracts.coherence import check_references
from conductor.contracts.document import read_document
from conductor.contracts.model import Contract, Product
from conductor.contracts.odcs import read_contract
from conductor.contracts.portable import check_query
from conductor.contracts.problems import Problems
from conductor.errors import FixTheConfiguration

CONTRACT = "contract.odcs.yaml"
REFINE = "refine.sql"
ACCEPTED = "accepted"
"""What `refine.sql` reads: the typed fields of the rows that passed. Joined products stand beside it under
their table names.
"""


def load(folder: Path) -> Product:
    """Read one product's folder; all faults of a file are listed in one `FixTheConfiguration`."""
    return _product(folder, _text(folder / CONTRACT), _text(folder / REFINE))


# A workspace is opened several times in a process, and to hold a contract against the standard's schema takes 50 ms.
# The texts themselves are the key, so that a changed file is never taken for the old one.
@lru_cache(maxsize=256)
def _product(folder: Path, document: str, refine_sql: str) -> Product:
    problems = Problems(folder / CONTRACT)
    contract = read_contract(read_document(document, problems.file), problems)
    if contract.dataset != f"{folder.parent.name}/{folder.name}":
        problems.add(
            1,
            f"this is {contract.dataset}, but lies in the folder {folder.parent.name}/{folder.name}",
        )
    problems.stop_if_any()
    _check_sql(folder / REFINE, refine_sql, contract)
    return Product(contract, refine_sql, folder)


def discover(paths: Sequence[Path]) -> Mapping[str, Product]:
    """Read all products below the given folders, by dataset; what they join has to be among them."""
    products: dict[str, Product] = {}
    for path in paths:
        if not path.is_dir():
            raise FixTheConfiguration(f"{path} is not a folder with products")
        for file in sorted(path.glob(f"*/*/{CONTRACT}")):
            product = load(file.parent)
            if there := products.get(product.contract.dataset):
                raise FixTheConfiguration(
                    f"{product.contract.dataset} stands in {there.folder} and in {product.folder}"
                )
            products[product.contract.dataset] = product
    contracts = {dataset: product.contract for dataset, product in products.items()}
    for product in products.values():
        problems = Problems(product.folder / CONTRACT)
        for sentence in check_references(product.contract, contracts):
            problems.add(1, sentence)
        problems.stop_if_any()
    return products


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{file} cannot be read: {type(error).__name__}") from None


def _check_sql(file: Path, sql: str, contract: Contract) -> None:
    faults = list(check_query(sql, [ACCEPTED, *(dataset.split("/")[1] for dataset in contract.references)]))
    if faults:
        raise FixTheConfiguration(f"{file}: {'; '.join(faults)}", next_command=f"edit {file}")
