"""Write one S3 object, whole or not at all, however large."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LARGEST_PUT = 5 * 10**9  # bytes; S3 takes 5 GiB in one PUT
PART = 64 << 20  # bytes held in memory at a time
MOST_PARTS = 10_000
CHECKSUM = {"ChecksumAlgorithm": "SHA256"}  # under a lock, S3 refuses a write without a checksum


def upload(
    client: Any,
    at: Mapping[str, str],
    data: bytes | Path,
    condition: Mapping[str, str],
    *,
    largest_put: int,
    part_size: int,
) -> str | None:
    """Write bytes or a file to the bucket and key of `at` under a condition; give the version id, if any."""
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > largest_put:
        parts = _slices(data, max(part_size, -(-size // MOST_PARTS)))
        return _multipart(client, at, parts, condition)
    if isinstance(data, Path):
        with data.open("rb") as body:
            return client.put_object(**at, Body=body, **condition, **CHECKSUM).get("VersionId")
    return client.put_object(**at, Body=data, **condition, **CHECKSUM).get("VersionId")


def _multipart(
    client: Any, at: Mapping[str, str], parts: Iterator[bytes], condition: Mapping[str, str]
) -> str | None:
    upload_id = client.create_multipart_upload(**at, **CHECKSUM)["UploadId"]
    try:
        done = [_part(client, at, upload_id, number, body) for number, body in enumerate(parts, start=1)]
        return client.complete_multipart_upload(
            **at, UploadId=upload_id, MultipartUpload={"Parts": done}, **condition
        ).get("VersionId")
    except BaseException:
        # Parts that stay behind are invisible and cost money; the error that brought us here is the one told.
        with contextlib.suppress(Exception):
            client.abort_multipart_upload(**at, UploadId=upload_id)
        raise


def _part(client: Any, at: Mapping[str, str], upload_id: str, number: int, body: bytes) -> dict[str, object]:
    answer = client.upload_part(**at, UploadId=upload_id, PartNumber=number, Body=body, **CHECKSUM)
    part: dict[str, object] = {"PartNumber": number, "ETag": answer["ETag"]}
    return part | {name: answer[name] for name in ("ChecksumSHA256",) if name in answer}


def _slices(data: bytes | Path, size: int) -> Iterator[bytes]:
    if isinstance(data, Path):
        with data.open("rb") as source:
            while body := source.read(size):
                yield body
    else:
        for start in range(0, len(data), size):
            yield data[start : start + size]
