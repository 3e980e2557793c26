"""`conductor try`: see what would become of a file, before anyone asks for a feed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from conductor.cli import show
from conductor.cli.commands.contract import ProductsOption
from conductor.cli.folders import product_folders
from conductor.cli.options import DEFAULT_HOME, DayOption, HomeOption, JsonOption
from conductor.contracts.load import discover
from conductor.contracts.model import Product
from conductor.contracts.problems import nearest
from conductor.engines.choose import EngineName
from conductor.engines.engine import open_engine
from conductor.engines.protocol import ReferenceFiles
from conductor.errors import FixTheConfiguration
from conductor.files.trial import Outcome, Report, Trial, try_file
from conductor.settings import Settings, load_settings

MARKS = {
    Outcome.ACCEPTED: ("✓", "green"),
    Outcome.PARTLY: ("◐", "yellow"),
    Outcome.REFUSED: ("✗", "bold red"),
}
Products = Mapping[str, Product]


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command(name="try")(try_)


def try_(
    product: Annotated[str, typer.Argument(help="Product that the file is for, as domain/name.")],
    file: Annotated[Path, typer.Argument(help="The file, as it was sent.", dir_okay=False)],
    products: ProductsOption = None,
    day: DayOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for accepted.parquet, rejected.parquet and report.json.  [default: nothing is kept]",
            file_okay=False,
        ),
    ] = None,
    joined: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Rows of a product that this one joins, as DATASET=FILE.parquet; may be given often.",
        ),
    ] = None,
    engine: Annotated[EngineName, typer.Option("--engine", help="Which engine refines.")] = EngineName.POLARS,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Take one file through all checks and say what would become of it: accepted, partly, or refused. No workspace is needed or touched.

    The exit code is 1 if the file is refused. Example: conductor try sales/daily_sales till-0042.csv --day 2026-11-20 --out trial
    """
    if not file.is_file():
        raise FixTheConfiguration(f"there is no file {file}", next_command="conductor try --help")
    known = discover(product_folders(home, products or ()))
    found = _named(product, known)
    settings = load_settings(home, os.environ)
    worker = open_engine(engine, settings.memory_bytes)
    trial = Trial(found, file, _day(day, settings), _references(found, known, joined or ()), worker)
    with tempfile.TemporaryDirectory(prefix="conductor-try-") as scratch:
        report = try_file(trial, Path(scratch), out)
    if as_json:
        show.as_json(report.model_dump(mode="json"))
    else:
        _show(report)
    raise typer.Exit(code=1 if report.verdict is Outcome.REFUSED else 0)


def _named(name: str, known: Products) -> Product:
    if name not in known:
        raise FixTheConfiguration(
            f"there is no product {name!r}{nearest(name, known)}; known are: {', '.join(sorted(known))}",
            next_command="conductor contract check",
        )
    return known[name]


def _day(day: datetime | None, settings: Settings) -> date:
    """Give the day that was asked for, or yesterday where the company is."""
    zone = ZoneInfo(settings.timezone)
    return day.date() if day else datetime.now(zone).date() - timedelta(days=1)


def _references(product: Product, known: Products, given: Iterable[str]) -> Mapping[str, ReferenceFiles]:
    """Give what was named with `--with`; it has to be what the product joins, no more and no less."""
    files = {dataset: file for dataset, _, file in (each.partition("=") for each in given)}
    joins = product.contract.references
    for dataset in (*joins, *files):
        if dataset not in joins or not Path(files.get(dataset, "")).is_file():
            raise FixTheConfiguration(
                f"{product.contract.dataset} joins {', '.join(joins) or 'nothing'}; "
                f"{dataset!r} is {'to be given as a file' if dataset in joins else 'not among them'}",
                next_command=f"conductor try {product.contract.dataset} FILE"
                + "".join(f" --with {each}=FILE.parquet" for each in joins),
            )
    return {dataset: ReferenceFiles(known[dataset].contract, (files[dataset],)) for dataset in joins}


def _show(report: Report) -> None:
    mark, style = MARKS[report.verdict]
    show.line(
        f"{report.file} for {report.product} {report.contract_version}: {report.verdict}",
        mark=mark,
        style=style,
    )
    if found := report.diagnosis:
        place = f"{found.place}: " if found.place else ""
        show.line(f"  {found.code}: {place}{found.sentence}")
        show.line(f"  next: {found.what_to_do}")
    if counts := report.counts:
        show.table(
            f"{counts.records:,} rows",
            ("what became of them", "rows"),
            [
                ("accepted", f"{counts.accepted:,}"),
                ("older versions of a row", f"{counts.duplicates:,}"),
                ("set aside", f"{counts.rejected:,}"),
                *((f"  {code}", f"{rows:,}") for code, rows in report.reasons),
                *((f"warning {code}", f"{rows:,}") for code, rows in report.warnings),
            ],
            right=(1,),
        )
