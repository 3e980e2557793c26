"""What makes a batch that batch (R1)."""

from __future__ import annotations

from collections.abc import Sequence

from conductor.values import Reference, Slot, digest


def inputs_digest(
    slot: Slot,
    object_ids: Sequence[str],
    contract_version: str,
    refine_sha256: str,
    references: Sequence[Reference],
) -> str:
    """Digest all that decides a batch's content.

    The order of objects counts (a later correction wins over an earlier one), that of references does not.
    """
    joined = sorted(reference.model_dump_json() for reference in references)
    return digest(slot.id, digest(*object_ids), contract_version, refine_sha256, digest(*joined))


def returning_id(inputs: str, version: int) -> str:
    """Name the batch of inputs that the slot had before: content that comes back is a version of its own."""
    return digest(inputs, "again", str(version))
