"""Where Spark reads files from: this machine's disk, or through s3a, each bucket with the keys and the address of its store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import DataFrameReader

from conductor.engines.places import fetch

S3A = {
    "aws_access_key_id": "access.key",
    "aws_secret_access_key": "secret.key",
    "aws_session_token": "session.token",
    "aws_endpoint_url": "endpoint",
    "aws_region": "endpoint.region",
}
"""Storage options of stores, and what s3a calls them."""


@dataclass(frozen=True)
class Readable:
    """Files as Spark takes them. `options` may hold secrets; they are of this one read."""

    paths: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def reader(self, reader: DataFrameReader) -> DataFrameReader:
        """Give a reader the options."""
        return reader.options(**self.options)


def readable(uris: Iterable[str], options: Mapping[str, str], *, remote: bool, into: Path) -> Readable:
    """Give files as Spark reads them: in a cluster where they lie, else from this machine, fetched `into` a folder if need be."""
    if remote:
        found = tuple(uris)
        return Readable(tuple(map(_s3a, found)), _options(found, options))
    names = (fetch(uri, options, into / f"{number}.parquet") for number, uri in enumerate(uris))
    return Readable(tuple(literal_path(name) for name in names))


def literal_path(path: Path) -> str:
    """Give a path in which Spark sees no pattern."""
    return "".join(f"\\{letter}" if letter in r"\*?[]{}" else letter for letter in str(path.absolute()))


def _s3a(uri: str) -> str:
    return uri.replace("s3://", "s3a://", 1)


def _options(uris: Iterable[str], options: Mapping[str, str]) -> Mapping[str, str]:
    buckets = {uri.split("/")[2] for uri in uris if uri.startswith("s3://")}
    given = {name: options[key] for key, name in S3A.items() if key in options}
    if "endpoint" in given:
        given["path.style.access"] = "true"  # a server of one's own has no name for each bucket
    return {f"fs.s3a.bucket.{bucket}.{name}": value for bucket in buckets for name, value in given.items()}
