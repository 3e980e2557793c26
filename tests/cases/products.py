"""The products of the cases: one contract, told in each dialect."""

from __future__ import annotations

from pathlib import Path

from conductor.contracts.load import CONTRACT, REFINE, load
from conductor.contracts.model import Product

from .expected import DIALECTS

HERE = Path(__file__).parent
NAME = "cases/files"


def write_product(dialect: str, into: Path) -> Path:
    """Write the product below a folder, as its contract says it in a dialect, and give its folder."""
    text = (HERE / CONTRACT).read_text(encoding="utf-8").replace("value: {}", f"value: {DIALECTS[dialect]}")
    if dialect == "german":
        text = text.replace(
            "logicalType: date, required: true}",
            'logicalType: date, required: true, logicalTypeOptions: {format: "dd.MM.yyyy"}}',
            1,
        )
    folder = into / NAME
    folder.mkdir(parents=True)
    (folder / CONTRACT).write_text(text, encoding="utf-8")
    (folder / REFINE).write_text(
        "SELECT id, business_date, label, amount, currency FROM accepted\n", encoding="utf-8"
    )
    return folder


def product(dialect: str, into: Path) -> Product:
    """Give the product as its contract says it in a dialect."""
    return load(write_product(dialect, into))
