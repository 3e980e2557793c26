"""The names of the steps, in the order in which a batch takes them."""

from __future__ import annotations

BEFORE_THE_BATCH = ("extract", "arrive", "land", "back_up", "version")
"""These find out which batch it is; each run takes them."""
TO_THE_LAKE = ("refine", "gate", "publish")
"""How far a product goes that another one joins."""
BEYOND_THE_LAKE = ("load", "build", "post", "announce", "archive")
