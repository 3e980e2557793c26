"""`conductor contract`: write, check and compare the contracts of products."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from conductor.cli import show
from conductor.cli.commands import contract_diff
from conductor.cli.folders import product_folders
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from conductor.contracts.examine import Compiled, Examined, examine
from conductor.contracts.load import Reading, survey
from conductor.contracts.problems import nearest
from conductor.contracts.scaffold import scaffold
from conductor.contracts.trial import ENGINES, Run
from conductor.engines.spark_session import missing_part
from conductor.errors import FixTheConfiguration
from conductor.settings import load_settings
from conductor.workspace import ROOT

cli = typer.Typer(
    help="The contracts of the data products: begin one, check all, and see what a change breaks.",
    no_args_is_help=True,
)
ProductsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--products", help="A folder with products of your own, beside the shipped ones; may be given often."
    ),
]
cli.command(name="diff")(contract_diff.diff)


@cli.command()
def check(
    product: Annotated[
        list[str] | None, typer.Argument(help="Products to check, as domain/name.  [default: all]")
    ] = None,
    products: ProductsOption = None,
    spark: Annotated[
        bool,
        typer.Option("--spark", help="Try the SQL on Spark, too, which takes some ten seconds to start."),
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Check contracts and their SQL, and say what they compile to. Nothing is written, and no data is needed.

    Products that are named are shown in full. The exit code is 1 if something is wrong. Example: conductor contract check finance/sales_receipts
    """
    readings = survey(product_folders(home, products or ()))
    wanted = chosen(readings, product or ())
    found = [examine(reading, readings, _engines(spark=spark)) for reading in wanted]
    if as_json:
        show.as_json([asdict(each) for each in found])
    else:
        for each in found:
            _show(each, whole=bool(product))
    raise typer.Exit(code=1 if any(each.faults for each in found) else 0)


@cli.command()
def new(
    product: Annotated[str, typer.Argument(help="Name of the new product, as domain/name.")],
    products: Annotated[
        Path | None,
        typer.Option(
            "--products", help="Folder to write into.  [default: the first of products_path, or products]"
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Begin a product: a contract with comments and its SQL, ready to be edited. What is there is never touched.

    Example: conductor contract new sales/returns --products my-products
    """
    set_up = load_settings(home, os.environ).products_path
    into = products or (set_up[0] if set_up else Path("products"))
    for file in scaffold(product, into):
        show.line(str(file), mark="✓", style="green")
    known = {path.resolve() for path in (*set_up, ROOT / "products")}
    beside = "" if into.resolve() in known else f" --products {into}"
    show.line(f"next: conductor contract check {product}{beside}")


def _engines(*, spark: bool) -> Mapping[str, Run]:
    """Give the engines that SQL is tried on; Spark that is asked for and not there is `Missing`."""
    if not spark:
        return ENGINES
    if missing := missing_part():
        raise missing
    from conductor.engines.spark_trial import run_on_spark  # PySpark is there only with its extra

    return {**ENGINES, "Spark": run_on_spark}


def chosen(readings: Collection[Reading], names: Collection[str]) -> tuple[Reading, ...]:
    """Give the products of these names, all without names; one that is not there is `FixTheConfiguration`."""
    known = [reading.dataset for reading in readings]
    for name in names:
        if name not in known:
            raise FixTheConfiguration(
                f"there is no product {name!r}{nearest(name, known)}; known are: {', '.join(sorted(known))}",
                next_command="conductor contract check",
            )
    return tuple(reading for reading in readings if not names or reading.dataset in names)


def _show(found: Examined, *, whole: bool) -> None:
    for fault in found.faults:
        show.line(f"{fault.file}:{fault.line}: {fault.sentence}", mark="✗", style="bold red")
    if found.compiled is None:
        return
    parts = _parts(found.compiled)
    counts = ", ".join(f"{len(each)} {what}" for what, each in parts.items())
    show.line(f"{found.dataset} {found.compiled.version}: {counts}", mark="✓", style="green")
    if whole:
        rows = [(what, "; ".join(each)) for what, each in parts.items()]
        show.table(f"what {found.dataset} compiles to", ("", ""), rows)


def _parts(compiled: Compiled) -> dict[str, tuple[str, ...]]:
    return {
        "columns": compiled.columns,
        "personal columns": compiled.personal,
        "reasons to set a row aside": compiled.codes,
        "expectations at the gate": compiled.expectations,
        "dbt tests": compiled.dbt_tests,
    }
