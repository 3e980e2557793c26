"""Options that many commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from conductor.engines.choose import EngineName

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="CONDUCTOR_HOME",
        help="Folder of the embedded workspace.",
        file_okay=True,
        show_default=True,
    ),
]
WorkspaceOption = Annotated[
    str,
    typer.Option(
        "--workspace",
        "-w",
        envvar="CONDUCTOR_WORKSPACE",
        help="`embedded`, or the name of a Workspace block on the cluster.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")
]
DayOption = Annotated[
    datetime | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="Business day, as YYYY-MM-DD.  [default: yesterday]"),
]
EngineOption = Annotated[
    EngineName | None,
    typer.Option("--engine", help="Which engine refines.  [default: what contract, settings and size say]"),
]
NamespaceOption = Annotated[str, typer.Option(help="Namespace of the flows' Jobs and pods.")]

FLOWS_NAMESPACE = "conductor-flows"
DEFAULT_HOME = Path(".conductor")
