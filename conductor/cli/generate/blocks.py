"""The page of Prefect blocks."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from prefect.blocks.core import Block

import blocks
from conductor.cli.generate.fields import fields_of
from conductor.cli.generate.markdown import code, document, table

HOW = """\
A workspace on a cluster is one `Workspace` block that holds the others; flows take its name. Register the types with
`prefect block register --module blocks.workspace`; that brings those along which it holds."""


def page() -> str:
    """Give the page: every block with its fields."""
    return document("Blocks", "the classes in `blocks/`", HOW, *(_section(block) for block in block_types()))


def block_types() -> tuple[type[Block], ...]:
    """Give the blocks of the product, by name."""
    return tuple(sorted(set(_defined()), key=lambda block: block.__name__))


def slug(block: type[Block]) -> str:
    """Give the name by which Prefect knows a type of block."""
    return block.get_block_type_slug()


def _defined() -> Iterator[type[Block]]:
    for module in pkgutil.iter_modules(blocks.__path__, "blocks."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, Block) and found.__module__ == module.name:
                yield found


def _section(block: type[Block]) -> str:
    rows = [(code(field.name), field.kind, field.default, field.description) for field in fields_of(block)]
    head = f"## {block.__name__}\n\n`{slug(block)}`, in `{block.__module__}`. {inspect.getdoc(block)}"
    return f"{head}\n\n{table(('field', 'type', 'default', 'what it says'), rows)}"
