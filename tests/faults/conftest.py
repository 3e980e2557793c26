"""Sites on both kinds of store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pipeline.site import Site, site
from servers.prefect import PrefectServer
from servers.s3 import REGION, S3Server, make_bucket, make_locked_bucket

NewSite = Callable[..., Site]


@pytest.fixture(scope="session")
def buckets(s3_server: S3Server) -> dict[str, str]:
    """A locked bucket for raw and two more; tests share them, each under prefixes of its own."""
    names = {name: make_bucket(s3_server) for name in ("lake", "backup")}
    return {"raw": make_locked_bucket(s3_server), **names}


def s3_block(server: S3Server, buckets: dict[str, str]) -> dict[str, Any]:
    """Give the stores of a Workspace block on S3, in folders that nobody else has."""
    place = uuid4().hex[:12]
    keys = {"aws_access_key_id": server.access_key, "aws_secret_access_key": server.secret_key}
    return {
        zone: {
            "bucket": bucket,
            "prefix": place,
            "region": REGION,
            "endpoint_url": server.endpoint_url,
            "credentials": keys,
        }
        for zone, bucket in buckets.items()
    }


@pytest.fixture(scope="session", params=["folder", "s3"])
def new_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prefect_server: PrefectServer
) -> Iterator[NewSite]:
    """Make sites on a kind of store; each lasts as long as the `with` that it is used in."""
    with ExitStack() as stack:

        def make(**how: Any) -> Site:
            block = None
            if request.param == "s3":
                server = request.getfixturevalue("s3_server")
                block = s3_block(server, request.getfixturevalue("buckets"))
            folder: Path = tmp_path_factory.mktemp(request.param)
            return stack.enter_context(site(folder, prefect_server.environment, block=block, **how))

        yield make


@pytest.fixture
def s3_site(
    tmp_path: Path, prefect_server: PrefectServer, s3_server: S3Server, buckets: dict[str, str]
) -> Iterator[NewSite]:
    """Make a site on S3."""
    with ExitStack() as stack:
        block = s3_block(s3_server, buckets)
        yield lambda **how: stack.enter_context(
            site(tmp_path / "s3", prefect_server.environment, block=block, **how)
        )


@pytest.fixture
def new_folder_site(tmp_path: Path, prefect_server: PrefectServer) -> Iterator[NewSite]:
    """Make a site of the embedded workspace."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(site(tmp_path / "site", prefect_server.environment, **how))
