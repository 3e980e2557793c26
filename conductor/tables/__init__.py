"""Curated tables: Delta Lake through delta-rs, whichever engine wrote the files."""

from __future__ import annotations

from conductor.tables.actions import file_prefix
from conductor.tables.curated import CuratedTable
from conductor.tables.log import Commit, Note

__all__ = ["Commit", "CuratedTable", "Note", "file_prefix"]
