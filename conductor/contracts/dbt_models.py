"""Which models of a dbt project name a column of a source, directly or through other models.

Models are read as they would be built, with dbt's own words filled in and macros standing for `true`. Within a model
columns are followed by name, so that of two tables with a column of one name both count: rather one model too many than
one too few. A column that only a macro names is not seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import sqlglot
from jinja2 import ChainableUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from sqlglot import exp
from sqlglot.errors import SqlglotError

FOLDERS = ("models", "tests")
Made: TypeAlias = Mapping[str, frozenset[str]]
"""What columns are made of: names of the source's columns, by the column's own name."""
SOURCE, REF = "source_", "ref_"


@dataclass(frozen=True)
class Model:
    """One SQL file of a project: what it reads, and its statements; there are none where they can't be read."""

    name: str
    file: Path
    reads: frozenset[str]
    statements: tuple[exp.Expr, ...]


def read_models(project: Path) -> tuple[Model, ...]:
    """Read the models and tests of a project, in order of path."""
    files = (file for folder in FOLDERS for file in sorted((project / folder).rglob("*.sql")))
    return tuple(_model(file) for file in files if "generic" not in file.parts)


def naming(models: Collection[Model], dataset: str, columns: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Give the names of the models that name one of a dataset's columns, and which of them; all, where one can't be read.

    Without `columns` it is all that read the dataset.
    """
    start = {name: frozenset({name}) for name in columns}
    carried: dict[str, Made] = {SOURCE + dataset.replace("/", "_"): start}
    found: dict[str, frozenset[str]] = {}
    waiting = {REF + model.name: model for model in models}
    while ready := [name for name, model in waiting.items() if not model.reads & waiting.keys()]:
        for name, model in [(name, waiting.pop(name)) for name in ready]:
            if read := {each: carried[each] for each in sorted(model.reads & carried.keys())}:
                used, carried[name] = _used(model, read, frozenset(columns))
                if used or not columns:
                    found[model.name] = used
    return found


def _used(model: Model, read: Mapping[str, Made], columns: frozenset[str]) -> tuple[frozenset[str], Made]:
    """Give which of the columns a model names, and what its own columns are made of."""
    inputs = _merged(read.values())
    if not model.statements:
        return columns, dict.fromkeys(inputs, columns)
    selects = [select for statement in model.statements for select in statement.find_all(exp.Select)]
    given = [each for select in selects for each in select.expressions]
    names = dict(inputs)
    for (
        _
    ) in selects:  # a name may be made of one that stands further in, as deep as selects stand in each other
        for each in given:
            names[each.alias_or_name] = names.get(each.alias_or_name, frozenset()) | _made_of(each, names)
    used = [_made_of(statement, inputs) for statement in model.statements]
    used += [_all(read[table]) for select in selects for table in _starred(select) & read.keys()]
    star = any(each.is_star for each in given)
    own = names if star else {each.alias_or_name for each in given}
    return frozenset[str]().union(*used), {name: made for name, made in names.items() if name in own}


def _starred(select: exp.Select) -> frozenset[str]:
    """Give the tables that a select takes all columns of; of several, each."""
    if not any(each.is_star for each in select.expressions):
        return frozenset()
    return frozenset(table.name for table in select.find_all(exp.Table) if table.parent_select is select)


def _made_of(tree: exp.Expr, names: Made) -> frozenset[str]:
    return frozenset[str]().union(
        *(names.get(column.name, frozenset()) for column in tree.find_all(exp.Column))
    )


def _all(names: Made) -> frozenset[str]:
    return frozenset[str]().union(*names.values())


def _merged(several: Iterable[Made]) -> Made:
    merged: dict[str, frozenset[str]] = {}
    for each in several:
        for name, made_of in each.items():
            merged[name] = merged.get(name, frozenset()) | made_of
    return merged


def _model(file: Path) -> Model:
    reads: set[str] = set()
    statements: list[exp.Expr] = []
    for incremental in (False, True):
        try:
            text = _rendered(file.read_text(encoding="utf-8"), reads, incremental=incremental)
            statements += [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]
        except (TemplateError, SqlglotError):
            return Model(file.stem, file, frozenset(reads), ())
    return Model(file.stem, file, frozenset(reads), tuple(statements))


def _rendered(text: str, reads: set[str], *, incremental: bool) -> str:
    def read(name: str) -> str:
        reads.add(name)
        return f'"{name}"'

    given: dict[str, Any] = {
        "source": lambda domain, table: read(f"{SOURCE}{domain}_{table}"),
        "ref": lambda *names, **_: read(REF + names[-1]),
        "config": lambda **_: "",
        "is_incremental": lambda: incremental,
        "this": '"this"',
    }
    return SandboxedEnvironment(undefined=_Macro, autoescape=False).from_string(text).render(given)


class _Macro(ChainableUndefined):
    """A macro of the project: whatever it is given, it stands for a condition that holds."""

    def __call__(self, *_: object, **__: object) -> str:
        return "true"
