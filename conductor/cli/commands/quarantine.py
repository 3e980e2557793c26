"""`conductor quarantine`: the rows that were set aside."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from conductor.cli import show
from conductor.cli.named import need_batch
from conductor.cli.options import DEFAULT_HOME, HomeOption, JsonOption, WorkspaceOption
from conductor.cli.session import opened
from conductor.errors import FixTheConfiguration, NotFound
from conductor.quality import quarantine
from conductor.quality.masked import MASK, mask
from conductor.quality.set_aside import RejectedRow, looked_at, rejected_of, set_aside
from conductor.values import Refined, State, StoredPart
from conductor.workspace import Workspace

cli = typer.Typer(
    help="The rows that were set aside: which batches have some, why, and how to get them mended.",
    no_args_is_help=True,
)
BatchArgument = Annotated[
    str, typer.Argument(help="Id of the batch, or six or more of its first characters.")
]
RevealOption = Annotated[
    bool, typer.Option("--reveal", help="With personal values; it is kept who saw them and when.")
]
ByOption = Annotated[str, typer.Option(help="Your name; it is kept, and --reveal needs it.")]
WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".csv": quarantine.export,
    ".parquet": lambda rows, to: rows.write_parquet(to),
}


@cli.command(name="list")
def list_(
    older: Annotated[bool, typer.Option("--all", help="With the older versions of each slot.")] = False,
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """List the batches with rejected rows, the newest version of each slot: how many, why, whose they are, and for how long."""
    with opened(home, workspace) as found:
        batches = tuple(set_aside(found.ledger, sorted(found.products), older=older))
        owners = {each.dataset: found.product(each.dataset).contract.owner for each in batches}
        now = found.now()
    if as_json:
        show.as_json(
            [
                asdict(each)
                | {"reasons": dict(each.reasons), "owner": owners[each.dataset], "days": each.days(now)}
                for each in batches
            ]
        )
        return
    if not batches:
        show.line("no rows are set aside", mark="✓", style="green")
        return
    columns = ("slot", "version", "batch", "rows", "reasons", "owner", "days")
    told = (each.whole or ", ".join(f"{code} {rows}" for code, rows in each.reasons) for each in batches)
    show.table(
        "rows set aside",
        columns,
        [
            (
                each.slot,
                each.version,
                each.batch[:12],
                each.rows,
                reasons,
                owners[each.dataset],
                each.days(now),
            )
            for each, reasons in zip(batches, told, strict=True)
        ],
        right=(1, 3, 6),
    )
    follow = "replay" if batches[0].whole else "quarantine show"
    show.line(f"next: conductor {follow} {batches[0].batch}")


@cli.command(name="show")
def show_(
    batch: BatchArgument,
    reason: Annotated[
        str | None, typer.Option(help="Only rows with this reason, such as BAD_AMOUNT.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many rows at most.", min=1)] = 50,
    reveal: RevealOption = False,
    by: ByOption = "",
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Show rejected rows: where each stood, why it was rejected, and what the rules looked at.

    Personal values are masked; with --reveal they are shown, and the ledger keeps who saw them and when.
    """
    with opened(home, workspace) as found:
        refined, kept = _rejected(found, batch)
        rows = quarantine.rows(found.lake, kept.key, kept.version_id).to_dicts()
        contract = found.product(refined.batch.slot.dataset).contract
        matching = list(looked_at(contract, rows, reason, reveal=reveal))
        if reveal:
            _note(found, refined, by, "show", min(len(matching), limit))
    if reason and not matching:
        codes = ", ".join(code for code, _ in refined.reasons)
        raise FixTheConfiguration(
            f"no row of this batch was rejected for {reason!r}; the reasons are: {codes}",
            next_command=f"conductor quarantine show {refined.batch.id}",
        )
    chosen = list(islice(matching, limit))
    if as_json:
        show.as_json([asdict(row) | {"looked_at": dict(row.looked_at)} for row in chosen])
        return
    title = (
        f"{refined.batch.slot.id}, version {refined.batch.version}: {len(chosen)} of {len(matching)} rows; "
        f"owner {contract.owner}, contract {refined.batch.contract_version}"
    )
    columns = ("document", "line", "reasons", "what the rules looked at")
    show.table(title, columns, [_cells(row) for row in chosen], right=(1,))
    show.line(f"next: conductor quarantine export {refined.batch.id} rejected.csv")


@cli.command()
def export(
    batch: BatchArgument,
    file: Annotated[Path, typer.Argument(help="Where to write: a name that ends in .csv or .parquet.")],
    overwrite: Annotated[bool, typer.Option(help="Replace the file if it is there.")] = False,
    reveal: RevealOption = False,
    by: ByOption = "",
    home: HomeOption = DEFAULT_HOME,
    workspace: WorkspaceOption = "embedded",
    as_json: JsonOption = False,
) -> None:
    """Write the rejected rows for mending; `conductor replay --file` takes the mended file back.

    Personal values are masked, and a masked value stays as it is when the file comes back. With --reveal they are in it, only
    you may read the file, and the ledger keeps who took them and when.
    """
    if file.suffix.lower() not in WRITERS:
        raise typer.BadParameter(f"{file.name} ends in none of {', '.join(WRITERS)}")
    with opened(home, workspace) as found:
        refined, kept = _rejected(found, batch)
        rows = quarantine.rows(found.lake, kept.key, kept.version_id)
        contract = found.product(refined.batch.slot.dataset).contract
        if reveal:
            _note(found, refined, by, "export", rows.height)
    _write(rows if reveal else mask(rows, contract), file, overwrite=overwrite)
    again = f"conductor replay {refined.batch.id} --file {file} --by NAME --reason TEXT"
    if as_json:
        show.as_json({"batch": refined.batch.id, "file": file, "rows": rows.height, "next": again})
        return
    show.line(f"{rows.height:,} rows are in {file}; mend them there", mark="✓", style="green")
    show.line(
        "They are as they came, personal values too: only you may read the file; remove it when you are done."
        if reveal
        else f"Values that need not be seen are {MASK}; leave them so, or take the rows with --reveal."
    )
    show.line(f"next: {again}")


def _rejected(found: Workspace, text: str) -> tuple[Refined, StoredPart]:
    row = need_batch(found.ledger, text)
    if row.state is State.QUARANTINED:
        raise NotFound(
            f"batch {row.batch.id} is set aside whole, and no row of it was judged: {row.note}",
            next_command=f"conductor replay {row.batch.id}, once the contract is changed or the source mended",
        )
    refined = rejected_of(found.ledger, row)
    if refined is None or refined.rejected is None:
        raise NotFound(f"batch {row.batch.id} has no rejected rows", next_command="conductor quarantine list")
    return refined, refined.rejected


def _note(found: Workspace, refined: Refined, by: str, verb: str, rows: int) -> None:
    """Keep who sees personal values, before they are seen."""
    if not by.strip():
        raise FixTheConfiguration(
            "who wants to see personal values says who it is; it is kept",
            next_command="conductor quarantine show --help",
        )
    text = f"quarantine {verb} with the personal values of {rows} rejected rows"
    found.ledger.note(refined.batch.id, by=by, text=text)


def _cells(row: RejectedRow) -> tuple[object, ...]:
    seen = "\n".join(f"{name} = {'(nothing)' if value is None else value}" for name, value in row.looked_at)
    return row.document, row.line, "\n".join(row.reasons), seen


def _write(rows: pl.DataFrame, file: Path, *, overwrite: bool) -> None:
    """Write beside the file, then give it its name: whole or not at all, and over another only if that is wanted."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        aside.touch(mode=0o600)
        WRITERS[file.suffix.lower()](rows, aside)
        if overwrite:
            aside.replace(file)
        else:
            file.hardlink_to(aside)
    except FileExistsError:
        raise FixTheConfiguration(
            f"{file} is there already and stays as it is",
            next_command="the same with another name, or --overwrite",
        ) from None
    finally:
        aside.unlink(missing_ok=True)
