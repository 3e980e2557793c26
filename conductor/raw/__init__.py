"""The raw zone: evidence that is written once, copied to a second place, and checked.

An object is complete when its manifest is there, which is written last. Whoever reads names the version that was
written, so a newer version or a delete marker that somebody plants changes nothing; `audit` finds it.
"""

from conductor.raw.copies import archive, back_up, fetch, fetch_or_backup, unchanged
from conductor.raw.inspection import Finding, audit
from conductor.raw.landing import land
from conductor.raw.manifest import find

__all__ = ["Finding", "archive", "audit", "back_up", "fetch", "fetch_or_backup", "find", "land", "unchanged"]
