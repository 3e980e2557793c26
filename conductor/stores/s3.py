"""A bucket at Amazon S3, or at a server that speaks it, as an object store.

One client does everything, because every operation needs what only the full API tells: the version that was
written, a certain version to read, the lock. So there is one rule for retries and one place to sort errors.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from conductor.errors import AlreadyExists, FixTheConfiguration, NotFound
from conductor.stores.credentials import Credentials
from conductor.stores.history import original, pinned
from conductor.stores.keys import folder_of, readable, writable
from conductor.stores.protocol import Protection, Stat, Version
from conductor.stores.s3_errors import translated
from conductor.stores.s3_upload import LARGEST_PUT, PART, upload

# Ranged reads of a download, a few at a time: bounded memory (32 MiB), and a lost connection costs one range.
DOWNLOAD = TransferConfig(multipart_chunksize=8 << 20, max_concurrency=4)


class S3Store:
    """Objects under `prefix` of a bucket.

    Creating is a conditional PUT, above `largest_put` bytes a conditional multipart upload, always with a
    SHA-256 checksum that the server verifies. A create that was carried out though its answer got lost is
    repeated by the client and then raises `AlreadyExists`: the caller compares. The client tries `attempts`
    times, with jitter and within a budget. Versions of a key are given newest first.
    """

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        region: str = "us-east-1",
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
        attempts: int = 5,
        largest_put: int = LARGEST_PUT,
        part_size: int = PART,
    ) -> None:
        self.bucket, self.region, self.endpoint_url = bucket, region, endpoint_url
        self.start = folder_of(prefix)
        self.name = f"s3://{bucket}/{self.start}".removesuffix("/")
        self._largest_put, self._part_size = largest_put, part_size
        keys = credentials or Credentials()
        with translated(self.name, "anything"):
            self._session = boto3.Session(keys.access_key, keys.secret_key, keys.token, region_name=region)
            self._client: Any = self._session.client(
                "s3", endpoint_url=endpoint_url, config=_config(attempts)
            )

    def __repr__(self) -> str:
        return f"S3Store({self.name!r})"

    def create(self, key: str, data: bytes | Path) -> Stat:
        created = self._upload(writable(key), data, {"IfNoneMatch": "*"})
        # Not every server that speaks S3 checks and completes a multipart upload in one go, so of several at once
        # more than one may be told that it created: then the version that was written first is the object.
        if created.size > self._largest_put and created.version_id:
            winner = original(self, key)
            if winner and winner.version_id != created.version_id:
                raise AlreadyExists(f"{self.name} already has {key}.")
        return created

    def put(self, key: str, data: bytes | Path) -> Stat:
        return self._upload(writable(key), data, {})

    def read(self, key: str, version_id: str | None = None) -> bytes:
        with self._translated(key):
            return self._client.get_object(**self._at(key, version_id))["Body"].read()

    def download(self, key: str, to: Path, version_id: str | None = None) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        at = self._at(key, version_id)
        with self._translated(key):
            self._client.download_file(
                at.pop("Bucket"), at.pop("Key"), str(to), ExtraArgs=at, Config=DOWNLOAD
            )

    def stat(self, key: str) -> Stat | None:
        try:
            with self._translated(key):
                head = self._client.head_object(**self._at(key))
        except NotFound:
            # The answer to a HEAD has no body that could tell a missing bucket from a missing key.
            with self._bucket_translated():
                self._client.head_bucket(Bucket=self.bucket)
            return None
        return Stat(key, head["ContentLength"], _utc(head["LastModified"]), pinned(head.get("VersionId")))

    def list(self, prefix: str) -> Iterator[Stat]:
        for page in self._pages("list_objects_v2", prefix):
            for there in page.get("Contents", ()):
                yield Stat(there["Key"].removeprefix(self.start), there["Size"], _utc(there["LastModified"]))

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(**self._at(key))

    def versions(self, prefix: str) -> Iterator[Version]:
        for page in self._pages("list_object_versions", prefix):
            found = [self._version(raw, marker=False) for raw in page.get("Versions", ())]
            found += [self._version(raw, marker=True) for raw in page.get("DeleteMarkers", ())]
            # Stable: versions of a key that share a time stay in the order of the server, newest first.
            yield from sorted(found, key=lambda version: (version.key, -version.modified.timestamp()))

    def protection(self) -> Protection:
        versioning = self._setting("get_bucket_versioning", "Status")
        lock: Any = self._setting("get_object_lock_configuration", "ObjectLockConfiguration") or {}
        retention = lock.get("Rule", {}).get("DefaultRetention", {})
        encryption: Any = self._setting("get_bucket_encryption", "ServerSideEncryptionConfiguration") or {}
        rules = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in encryption.get("Rules", ())]
        return Protection(
            versioning=versioning == "Enabled",
            lock=retention.get("Mode"),
            retention_days=retention.get("Days") or 365 * retention.get("Years", 0) or None,
            encryption=next((rule["SSEAlgorithm"] for rule in rules if rule), None),
        )

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.start}{readable(key)}"

    def storage_options(self) -> Mapping[str, str]:
        with self._bucket_translated():
            found = self._session.get_credentials()
            if found is None:
                raise FixTheConfiguration(
                    f"There are no credentials for {self.name}.", next_command="conductor doctor"
                )
            keys = found.get_frozen_credentials()
        options = {
            "aws_region": self.region,
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_conditional_put": "etag",  # what delta-rs commits with
        }
        if keys.token:
            options["aws_session_token"] = keys.token
        if self.endpoint_url:
            options["aws_endpoint_url"] = self.endpoint_url
            options["aws_allow_http"] = str(self.endpoint_url.startswith("http://")).lower()
        return options

    def _upload(self, key: str, data: bytes | Path, condition: Mapping[str, str]) -> Stat:
        with self._translated(key):
            version_id = upload(
                self._client,
                self._at(key),
                data,
                condition,
                largest_put=self._largest_put,
                part_size=self._part_size,
            )
            head = self._client.head_object(**self._at(key, version_id))
        return Stat(key, head["ContentLength"], _utc(head["LastModified"]), pinned(version_id))

    def _at(self, key: str, version_id: str | None = None) -> dict[str, str]:
        at = {"Bucket": self.bucket, "Key": self.start + readable(key)}
        return at | {"VersionId": version_id} if version_id else at

    def _pages(self, operation: str, prefix: str) -> Iterator[Any]:
        pages = self._client.get_paginator(operation)
        with self._translated(prefix):
            yield from pages.paginate(Bucket=self.bucket, Prefix=self.start + folder_of(prefix))

    def _version(self, raw: Any, *, marker: bool) -> Version:
        key = raw["Key"].removeprefix(self.start)
        return Version(
            key, raw["VersionId"], raw["IsLatest"], marker, raw.get("Size", 0), _utc(raw["LastModified"])
        )

    def _setting(self, operation: str, field: str) -> object:
        """Ask the bucket; a setting never made is answered with an error whose code ends in NotFoundError."""
        with self._bucket_translated():
            try:
                return getattr(self._client, operation)(Bucket=self.bucket).get(field)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code", "").endswith("NotFoundError"):
                    return None
                raise

    def _translated(self, key: str) -> contextlib.AbstractContextManager[None]:
        return translated(self.name, key)

    @contextlib.contextmanager
    def _bucket_translated(self) -> Generator[None]:
        try:
            with translated(self.name, "its bucket"):
                yield
        except NotFound as error:
            raise FixTheConfiguration(
                f"There is no bucket {self.bucket}.", next_command="conductor doctor"
            ) from error


def _config(attempts: int) -> Config:
    """Settings of the client: what it is told decides, not what the surroundings point at."""
    return Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": attempts},
        ignore_configured_endpoint_urls=True,
        s3={"addressing_style": "auto"},
    )


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)
