"""The product that is measured, with a join: each line finds its article in a catalogue, and one that is not there is bad."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
from ruamel.yaml import YAML

from bench.peers.conductor_itself import PRODUCT
from bench.sales import ARTICLES, article
from conductor.contracts.load import discover
from conductor.contracts.model import Product
from conductor.contracts.typed import polars_schema
from conductor.engines.protocol import ReferenceFiles

CATALOGUE = "sales/product_catalogue"
SHIPPED = Path(__file__).parents[1] / "products" / CATALOGUE
KNOWN = {
    "from": "records.sku",
    "to": "sales.product_catalogue.item_id",
    "customProperties": [
        {"property": "code", "value": "UNKNOWN_ARTICLE"},
        {"property": "description", "value": "Part of a line."},
    ],
}
NAME = {
    "name": "item_name",
    "logicalType": "string",
    "required": True,
    "description": "Name of the article.",
}
JOIN = """, article AS item_name
FROM accepted INNER JOIN (SELECT item_id AS article_id, item_name AS article FROM product_catalogue) AS c ON sku = article_id
"""


def joined(folder: Path) -> tuple[Product, Mapping[str, ReferenceFiles]]:
    """Write the product, and the catalogue that it joins, below a folder; give it with the catalogue's rows."""
    ours, catalogue = folder / "products" / "sales" / "tills", folder / "products" / CATALOGUE
    shutil.copytree(PRODUCT, ours, dirs_exist_ok=True)
    shutil.copytree(SHIPPED, catalogue, dirs_exist_ok=True)
    yaml, contract, sql = YAML(), ours / "contract.odcs.yaml", ours / "refine.sql"
    said = yaml.load(contract)
    records, table = said["schema"]
    records["relationships"] = [KNOWN]
    table["properties"].append(NAME)
    yaml.dump(said, contract)
    sql.write_text(sql.read_text(encoding="utf-8").replace(" FROM accepted\n", JOIN), encoding="utf-8")
    products = discover([folder / "products"])
    return products["sales/tills"], {CATALOGUE: _articles(products[CATALOGUE], folder / "catalogue.parquet")}


def _articles(product: Product, file: Path) -> ReferenceFiles:
    rows = pl.DataFrame(
        {
            "item_id": [article(number) for number in range(ARTICLES)],
            "item_name": [f"Article {number}" for number in range(ARTICLES)],
        }
    ).with_columns(item_type=pl.lit("Inventory"), active=True, business_date=date(2026, 11, 20))
    nothing = pl.DataFrame(schema=polars_schema(product.contract.columns))
    pl.concat([nothing, rows], how="diagonal").write_parquet(file)
    return ReferenceFiles(product.contract, (str(file),))
