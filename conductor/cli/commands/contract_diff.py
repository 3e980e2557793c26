"""`conductor contract diff`: what changed between two versions of a contract, and whom it hits."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from conductor.cli import show
from conductor.cli.folders import product_folders
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from conductor.contracts.compare import Comparison, compare
from conductor.contracts.dbt_models import read_models
from conductor.contracts.load import CONTRACT, contract_of, discover, read_contract_file, read_released
from conductor.contracts.model import Contract, Product
from conductor.contracts.readers import Reader, readers
from conductor.contracts.steps import Step
from conductor.errors import FixTheConfiguration
from conductor.settings import Settings, load_settings
from conductor.workspace import DBT_PROJECT

STYLES = {Step.MAJOR: ("✗", "bold red"), Step.MINOR: ("+", "yellow"), Step.PATCH: ("·", "dim")}


@dataclass(frozen=True)
class Found:
    """A comparison with those whom it hits."""

    comparison: Comparison
    hit: tuple[Reader, ...]

    @property
    def well(self) -> bool:
        """Whether nothing breaks, or the version says so."""
        return not self.comparison.breaking or self.comparison.enough


def diff(
    old: Annotated[
        str | None,
        typer.Argument(
            help="The older contract, a file or a product's folder; or the name of a product.  [default: all]"
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            help="The newer contract.  [default: the product as it stands, against what was given out]"
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="REV", help="Compare with a revision of git instead.")
    ] = None,
    products: Annotated[
        list[Path] | None,
        typer.Option("--products", help="A folder with products of your own; may be given often."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two versions of a contract, what breaks, whom it hits, and which version number it takes.

    The exit code is 1 if something breaks and the first number of the version did not rise.
    Example: conductor contract diff finance/sales_receipts --against HEAD
    """
    settings = load_settings(home, os.environ)
    known = discover(product_folders(home, products or ()))
    if new and against:
        raise FixTheConfiguration(
            "two contracts were named, and a revision as well", next_command="the same without --against"
        )
    if old and new:
        pairs = [(_contract(old), _contract(new))]
    else:
        named = [_product(old, known)] if old else list(known.values())
        pairs = [(before, each.contract) for each in named if (before := _before(each, against))]
    found = [_found(compare(*pair), tuple(known.values()), settings) for pair in pairs]
    if as_json:
        show.as_json([_told(each) for each in found])
    else:
        for each in found:
            _show(each)
    raise typer.Exit(code=0 if all(each.well for each in found) else 1)


def _found(comparison: Comparison, known: tuple[Product, ...], settings: Settings) -> Found:
    hosts = {urlsplit(url).hostname or "" for url in settings.subscriber_urls}
    models = read_models(DBT_PROJECT) if comparison.breaking else ()
    return Found(comparison, tuple(readers(comparison, known, models, hosts)))


def _contract(name: str) -> Contract:
    path = Path(name)
    return read_contract_file(path / CONTRACT if path.is_dir() else path)


def _product(name: str, known: Mapping[str, Product]) -> Product:
    if name in known:
        return known[name]
    raise FixTheConfiguration(
        f"there is no product {name!r}; known are: {', '.join(sorted(known))}",
        next_command="conductor contract diff --help",
    )


def _before(product: Product, revision: str | None) -> Contract | None:
    """Give the contract as it was given out, or as it stands in a revision; None where it was not there yet."""
    if revision is None:
        return read_released(product.folder)
    at = ("git", "-C", str(product.folder))
    if _git(*at, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}") is None:
        raise FixTheConfiguration(
            f"git knows no revision {revision!r} at {product.folder}", next_command="git log --oneline"
        )
    text = _git(*at, "show", "--end-of-options", f"{revision}:./{CONTRACT}")
    return contract_of(text, Path(f"{revision}:{product.contract.dataset}/{CONTRACT}")) if text else None


def _git(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        raise FixTheConfiguration(
            "--against needs git, and there is none", next_command="install git"
        ) from None
    return done.stdout if done.returncode == 0 else None


def _told(found: Found) -> dict[str, object]:
    comparison = found.comparison
    return {
        "dataset": comparison.dataset,
        "old": comparison.old,
        "new": comparison.new,
        "breaking": bool(comparison.breaking),
        "needs": comparison.next_version,
        "enough": comparison.enough,
        "changes": [asdict(each) | {"step": each.step.name.lower()} for each in comparison.changes],
        "hit": [asdict(each) for each in found.hit],
    }


def _show(found: Found) -> None:
    comparison = found.comparison
    show.line(f"{comparison.dataset}: {comparison.old} → {comparison.new}")
    for change in comparison.changes:
        mark, style = STYLES[change.step]
        show.line(f"{change.step.name.lower()}: {change.sentence}", mark=mark, style=style)
    for reader in found.hit:
        show.line(
            f"  hits the {reader.kind} {reader.name}{' by ' * bool(reader.columns)}{', '.join(reader.columns)}"
        )
    for sentence in _verdict(comparison):
        show.line(sentence)


def _verdict(comparison: Comparison) -> Iterator[str]:
    if comparison.needed is None:
        yield "nothing changed"
    elif comparison.enough:
        yield f"the version {comparison.new} says so"
    else:
        yield f"next: set the version to {comparison.next_version}; it is still {comparison.new}"
