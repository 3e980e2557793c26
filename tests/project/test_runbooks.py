"""Each kind of trouble on a cluster has its page, which the diagnosis names and a reader finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor.cluster.verdicts import ADVICE, Category, verdict

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_a_page_and_advice(category: Category) -> None:
    page = ROOT / verdict(category, "it happened").runbook
    text = page.read_text(encoding="utf-8")
    for part in ("**Symptom.**", "**Cause.**", "**Check.**", "**Do.**", "**It is over when**"):
        assert part in text
    assert f"({page.name})" in INDEX
    assert ADVICE[category]
