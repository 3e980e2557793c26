"""Is one condition stricter than another? Said only where the two texts show it."""

from __future__ import annotations

from enum import StrEnum

import sqlglot
from sqlglot import exp


class Strictness(StrEnum):
    """How a new condition stands to the old one."""

    SAME = "same"
    LOOSER = "looser"
    TIGHTER = "tighter"
    UNKNOWN = "another"


def strictness(old: str, new: str) -> Strictness:
    """Tell by the parts between AND and OR: a part more between ANDs is tighter, a part more between ORs is looser.

    Blanks, brackets and the order of parts make no difference. What the parts do not show, such as another bound in a
    comparison, is `UNKNOWN`.
    """
    before, after = sqlglot.parse_one(old), sqlglot.parse_one(new)
    if _parts(before, exp.And) == _parts(after, exp.And) or _parts(before, exp.Or) == _parts(after, exp.Or):
        return Strictness.SAME
    for between, wider, narrower in (
        (exp.And, Strictness.LOOSER, Strictness.TIGHTER),
        (exp.Or, Strictness.TIGHTER, Strictness.LOOSER),
    ):
        left, right = _parts(before, between), _parts(after, between)
        if left < right:
            return narrower
        if right < left:
            return wider
    return Strictness.UNKNOWN


def _parts(tree: exp.Expr, between: type[exp.Connector]) -> frozenset[str]:
    tree = tree.unnest()
    if isinstance(tree, between):
        return _parts(tree.left, between) | _parts(tree.right, between)
    return frozenset({tree.sql(comments=False)})
