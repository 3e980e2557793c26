"""`conductor workspace`: a workspace on a cluster, from a file to a block that flows open by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from conductor.cli import show
from conductor.cli.options import JsonOption
from conductor.cli.session import prefect_answering
from conductor.errors import FixTheConfiguration

if TYPE_CHECKING:
    from blocks.workspace import Workspace

cli = typer.Typer(help="Make and show workspaces on a cluster.", no_args_is_help=True)


@cli.command()
def apply(
    file: Annotated[Path, typer.Argument(help="YAML with the workspace's name and the fields of its block.")],
) -> None:
    """Save the workspace that a file describes as a block, of which it is the whole truth. Twice changes nothing.

    Secrets stand in it as references only: env:NAME or file:/path, as the process that runs a flow will find them.
    """
    from conductor.cli.workspace_file import read_workspace

    name, block = read_workspace(file)
    with prefect_answering(name):
        before = _saved(name)
        type(block).register_type_and_schema()
        changed = _differing(before, block)
        if changed or before is None:
            block.save(name, overwrite=True)
    told = "made" if before is None else f"changed in {', '.join(changed)}" if changed else "unchanged"
    show.line(f"workspace {name}: {told}", mark="✓", style="green")


@cli.command(name="show")
def show_one(
    name: Annotated[str, typer.Argument(help="Name of the workspace.")], as_json: JsonOption = False
) -> None:
    """Show a workspace's fields, references as they are and secrets as stars."""
    with prefect_answering(name):
        block = _saved(name)
    if block is None:
        raise FixTheConfiguration(
            f"there is no workspace {name!r}: no block of that name is saved",
            next_command="conductor workspace apply FILE",
        )
    fields = _fields(block)
    if as_json:
        show.as_json({"name": name, **fields})
    else:
        show.table(f"workspace {name}", ("field", "value"), list(_flat(fields)))


def _saved(name: str) -> Workspace | None:
    """Give the block of a name; one of an older form, which this program cannot read, counts as none."""
    from blocks.workspace import Workspace

    try:
        return cast("Workspace", Workspace.load(name))
    except (ValueError, TypeError):
        return None


def _fields(block: Workspace) -> dict[str, Any]:
    return block.model_dump(mode="json", exclude={"block_type_slug"})


def _differing(before: Workspace | None, after: Workspace) -> list[str]:
    if before is None:
        return []
    old, new = before.model_dump(), after.model_dump()
    return [name for name in type(after).model_fields if old[name] != new[name]]


def _flat(fields: dict[str, Any], within: str = "") -> list[tuple[str, object]]:
    """Give nested fields as lines, their names joined by dots; what is empty is left out."""
    lines: list[tuple[str, object]] = []
    for name, value in fields.items():
        if isinstance(value, dict):
            lines += _flat(cast("dict[str, Any]", value), f"{within}{name}.")
        elif value not in (None, "", []):
            lines.append((f"{within}{name}", value))
    return lines
