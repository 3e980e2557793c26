"""The page of settings."""

from __future__ import annotations

from conductor.cli.generate.fields import fields_of
from conductor.cli.generate.markdown import code, document, table
from conductor.settings import FILE, PREFIX, Settings

HOW = f"""\
A setting comes from the environment, else from `{FILE}` in the home, else from its default. In the file a list is written as TOML
writes it, in the environment with commas. A workspace that is a block takes those settings from the block that the block has a field
for. A name that does not exist, or a value that does not fit, stops the command before it does anything."""


def page() -> str:
    """Give the page: every setting with its variable, type, default and sentence."""
    rows = [
        (code(field.name), code(PREFIX + field.name.upper()), field.kind, field.default, field.description)
        for field in fields_of(Settings)
    ]
    columns = ("setting", "variable", "type", "default", "what it says")
    return document("Settings", "`conductor/settings.py`", HOW, table(columns, rows))
