"""Products as shipped: a folder `<domain>/<dataset>/` with a contract and the SQL that makes its curated
columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    problems = Problems(folder / CONTRACT)
    contract = read_contract(read_document(problems.file), problems)
    if contract.dataset != f"{folder.parent.name}/{folder.name}":
        problems.add(
            1,
            f"this is {contract.dataset}, but lies in the folder {folder.parent.name}/{folder.name}",
        )
    problems.stop_if_any()
    return Product(contract, _refine_sql(folder / REFINE, contract), folder)


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


def _refine_sql(file: Path, contract: Contract) -> str:
    try:
        sql = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{file} cannot be read: {type(error).__name__}") from None
    faults = list(check_query(sql, [ACCEPTED, *(dataset.split("/")[1] for dataset in contract.references)]))
    if faults:
        raise FixTheConfiguration(f"{file}: {'; '.join(faults)}", next_command=f"edit {file}")
    return sql
