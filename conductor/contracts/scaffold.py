"""The two files of a new product, ready to be edited."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template

from conductor.contracts.load import CONTRACT, REFINE
from conductor.errors import FixTheConfiguration
from conductor.zones import DATASET


def scaffold(dataset: str, products: Path) -> tuple[Path, ...]:
    """Write a product's folder below `products` and give its files; one that is there is never touched.

    What is no name of a product, or there already, is `FixTheConfiguration`.
    """
    if not DATASET.fullmatch(dataset):
        raise FixTheConfiguration(
            f"{dataset!r} is not a product: write <domain>/<name>, in small letters, digits and _",
            next_command="conductor contract new sales/returns",
        )
    folder = products / dataset
    try:
        folder.mkdir(parents=True)
    except (FileExistsError, NotADirectoryError):
        raise FixTheConfiguration(
            f"{folder} is there already, and nothing in it was changed",
            next_command=f"conductor contract check {dataset} --products {products}",
        ) from None
    domain, name = dataset.split("/")
    words = {
        "dataset": dataset,
        "domain": domain,
        "name": name,
        "id": name.replace("_", "-"),
        "title": name.replace("_", " ").capitalize(),
    }
    for file in (CONTRACT, REFINE):
        text = files("conductor.contracts").joinpath("templates", file).read_text(encoding="utf-8")
        (folder / file).write_text(Template(text).substitute(words), encoding="utf-8")
    return folder / CONTRACT, folder / REFINE
