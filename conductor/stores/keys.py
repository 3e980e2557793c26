"""What may be a key, whatever store it is for."""

from __future__ import annotations

import re

from conductor.errors import FixTheConfiguration
from conductor.zones import SEGMENT

# A person's file may be called anything harmless: no dot at the start (no "..", no hidden file), no control
# character, no backslash, none of the halves of characters that cannot be encoded.
DROPPED = re.compile(r"[^./\\\x00-\x1f\x7f\ud800-\udfff][^/\\\x00-\x1f\x7f\ud800-\udfff]*")
LONGEST_KEY, LONGEST_SEGMENT = 1024, 255  # bytes: the limits of S3 and of file systems


def writable(key: str) -> str:
    """Give the key back if we may write it: segments of `conductor.zones` and nothing else."""
    return _checked(key, SEGMENT)


def readable(key: str) -> str:
    """Give the key back if reading it cannot leave the store; names that people gave are allowed."""
    return _checked(key, DROPPED)


def folder_of(prefix: str) -> str:
    """Give what keys under a prefix start with: the prefix and a slash, or nothing for the whole store."""
    return f"{readable(prefix.removesuffix('/'))}/" if prefix else ""


def _checked(key: str, allowed: re.Pattern[str]) -> str:
    segments = key.split("/")
    if not all(
        allowed.fullmatch(segment) and len(segment.encode()) <= LONGEST_SEGMENT for segment in segments
    ):
        raise FixTheConfiguration(
            f"{key!r} cannot be a key: a part of it has characters that keys do not hold."
        )
    if len(key.encode()) > LONGEST_KEY:
        raise FixTheConfiguration(
            f"A key of {len(key.encode())} bytes is too long: the limit is {LONGEST_KEY} bytes."
        )
    return key
