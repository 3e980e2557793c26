"""Who reads a product, and which of its changes hit whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from conductor.contracts.compare import Comparison
from conductor.contracts.dbt_models import Model, naming
from conductor.contracts.model import Product


@dataclass(frozen=True)
class Reader:
    """Who is hit: a `product`, a `dbt` model or test, or a `subscriber`; `columns` are the changed ones that it names.

    No columns: it is hit by what changes for the product as a whole.
    """

    kind: str
    name: str
    columns: tuple[str, ...]


def readers(
    found: Comparison, products: Collection[Product], models: Collection[Model], subscribers: Collection[str]
) -> Iterator[Reader]:
    """Give who is hit by the breaking changes of a product. A subscriber hears of every version, so all of them are."""
    if not found.breaking:
        return
    columns = frozenset(change.column for change in found.breaking if change.column)
    whole = any(change.column is None for change in found.breaking)
    for product in products:
        if found.dataset in product.contract.references:
            named = columns & _named(product, found.dataset)
            if named or whole:
                yield Reader("product", product.contract.dataset, tuple(sorted(named)))
    of_columns = naming(models, found.dataset, columns) if columns else {}
    everyone = naming(models, found.dataset, ()) if whole else of_columns
    for name in sorted(everyone):
        yield Reader("dbt", name, tuple(sorted(of_columns.get(name, ()))))
    for name in sorted(subscribers):
        yield Reader("subscriber", name, ())


def _named(product: Product, dataset: str) -> frozenset[str]:
    """Give the columns that a product names of one that it joins; every name in its SQL may be one."""
    targets = {
        target for each in product.contract.foreign_keys if each.dataset == dataset for target in each.targets
    }
    try:
        tree = sqlglot.parse_one(product.refine_sql)
    except SqlglotError:
        return frozenset(targets)
    if not any(table.name == dataset.split("/")[1] for table in tree.find_all(exp.Table)):
        return frozenset(targets)
    return frozenset(targets) | {column.name for column in tree.find_all(exp.Column)}
