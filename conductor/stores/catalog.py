"""The stores a user can pick."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from conductor.errors import FixTheConfiguration, Missing
from conductor.stores.credentials import Credentials
from conductor.stores.folder import FolderStore
from conductor.stores.protocol import Store


class StoreKind(StrEnum):
    """Who keeps the bytes."""

    FOLDER = "folder"
    S3 = "s3"


def open_store(
    kind: StoreKind,
    *,
    root: Path | None = None,
    bucket: str | None = None,
    prefix: str = "",
    region: str = "us-east-1",
    endpoint_url: str | None = None,
    credentials: Credentials | None = None,
) -> Store:
    """Open a store: a folder by its `root`, S3 by its `bucket` and what goes with it.

    Nothing is written or asked yet. Settings that the kind does not know raise `FixTheConfiguration`; a kind
    whose client is not installed raises `Missing`.
    """
    match kind:
        case StoreKind.FOLDER:
            if root is None or bucket or prefix or endpoint_url or credentials:
                raise FixTheConfiguration(
                    "A folder store takes a root and nothing else; for a bucket pick the kind s3."
                )
            return FolderStore(root)
        case StoreKind.S3:
            if bucket is None or root is not None:
                raise FixTheConfiguration(
                    "An S3 store takes a bucket and no root; for a folder pick the kind folder."
                )
            return _s3(bucket, prefix, region, endpoint_url, credentials or Credentials())


def _s3(bucket: str, prefix: str, region: str, endpoint_url: str | None, credentials: Credentials) -> Store:
    try:
        from conductor.stores.s3 import S3Store
    except ModuleNotFoundError as error:
        raise Missing(
            f"S3 stores need {error.name}, which is not installed: install cloud-conductor[aws].",
            next_command="pip install 'cloud-conductor[aws]'",
        ) from error
    return S3Store(bucket, prefix=prefix, region=region, endpoint_url=endpoint_url, credentials=credentials)
