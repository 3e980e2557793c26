"""Storage targets: where a zone's objects lie."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from prefect.blocks.core import Block
from prefect_aws import AwsCredentials
from pydantic import Field

from conductor.stores import Credentials, StoreKind, open_store
from conductor.stores.protocol import Store


class FolderStorage(Block):
    """A local folder: the embedded default, and a mounted volume. Create-only by the file system; no versions, no locks."""

    _block_type_name: ClassVar[str | None] = "Folder storage"
    _block_type_slug: ClassVar[str | None] = "conductor-folder-storage"
    _description: ClassVar[str | None] = "A local folder that holds zones of a workspace."

    path: Path = Field(description="The folder; it is made when first used.")

    def store(self) -> Store:
        """Open the folder as an object store."""
        return open_store(StoreKind.FOLDER, root=self.path)


class S3Storage(Block):
    """A bucket at Amazon S3 or a server that speaks it. For raw: versioning, Object Lock and encryption on."""

    _block_type_name: ClassVar[str | None] = "S3 storage"
    _block_type_slug: ClassVar[str | None] = "conductor-s3-storage"
    _description: ClassVar[str | None] = "A bucket that holds zones of a workspace."

    bucket: str = Field(description="Name of the bucket.", pattern=r"^[a-z0-9][a-z0-9.-]{2,62}$")
    prefix: str = Field(
        "",
        description="Folder within the bucket; empty takes the whole bucket.",
        pattern=r"^[A-Za-z0-9._/-]*$",
    )
    region: str = Field("us-east-1", description="Region of the bucket.")
    endpoint_url: str = Field("", description="Address of an S3-compatible server; empty for Amazon S3.")
    credentials: AwsCredentials = Field(
        default_factory=AwsCredentials, description="Keys, or empty for the identity of the pod or machine."
    )

    def store(self) -> Store:
        """Open the bucket as an object store."""
        secret = self.credentials.aws_secret_access_key
        return open_store(
            StoreKind.S3,
            bucket=self.bucket,
            prefix=self.prefix,
            region=self.region,
            endpoint_url=self.endpoint_url or None,
            credentials=Credentials(
                self.credentials.aws_access_key_id,
                secret.get_secret_value() if secret else None,
                self.credentials.aws_session_token,
            ),
        )
