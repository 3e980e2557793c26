"""The fixtures that hand out sites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from servers.prefect import PrefectServer
from servers.s3 import REGION, S3Server, make_bucket, make_locked_bucket
from servers.warehouses import new_database, new_warehouse

from pipeline.site import Site, site


class NewSite(Protocol):
    """Make a site; options are those of `pipeline.site.site`."""

    def __call__(self, name: str = "site", **how: Any) -> Site: ...


@pytest.fixture
def new_site(tmp_path: Path, prefect_server: PrefectServer) -> Iterator[NewSite]:
    """Make sites of the embedded workspace; they last as long as the test."""
    with ExitStack() as stack:

        def make(name: str = "site", **how: Any) -> Site:
            return stack.enter_context(site(tmp_path / name, prefect_server.environment, **how))

        yield make


@pytest.fixture
def new_s3_site(new_site: NewSite, s3_server: S3Server, buckets: dict[str, str]) -> NewSite:
    """Make sites whose stores are on S3, by way of a Workspace block."""
    return lambda name="site", **how: new_site(name, block=s3_block(s3_server, buckets), **how)


@pytest.fixture
def new_cluster_site(
    new_site: NewSite, s3_server: S3Server, buckets: dict[str, str], postgres_url: str
) -> NewSite:
    """Make sites as pods have them: stores on S3, ledger, warehouse and tokens in PostgreSQL, and a home that may go at any time."""

    def make(name: str = "site", **how: Any) -> Site:
        block, variables = cluster_block(s3_server, buckets, postgres_url)
        return new_site(name, block=block, variables=variables, **how)

    return make


@pytest.fixture(scope="session", params=["folder", "s3"])
def any_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prefect_server: PrefectServer
) -> Iterator[NewSite]:
    """Make sites on one kind of store after the other; they last as long as the test run."""
    with ExitStack() as stack:

        def make(name: str = "site", **how: Any) -> Site:
            block = None
            if request.param == "s3":
                block = s3_block(request.getfixturevalue("s3_server"), request.getfixturevalue("buckets"))
            folder = tmp_path_factory.mktemp(f"{name}-{request.param}")
            return stack.enter_context(site(folder, prefect_server.environment, block=block, **how))

        yield make


@pytest.fixture(scope="session")
def buckets(s3_server: S3Server) -> dict[str, str]:
    """A locked bucket for raw and two more; tests share them, each under prefixes of its own."""
    names = {name: make_bucket(s3_server) for name in ("lake", "backup")}
    return {"raw": make_locked_bucket(s3_server), **names}


def cluster_block(
    server: S3Server, buckets: dict[str, str], postgres_url: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Give a Workspace block without a disk, and the variables that its references name."""
    warehouse = new_warehouse(postgres_url)
    variables = {
        "CONDUCTOR_LEDGER_URL": new_database(postgres_url, "ledger"),
        "CONDUCTOR_WAREHOUSE_URL": warehouse.url,
        "CONDUCTOR_WAREHOUSE_READER_URL": warehouse.reader_url,
        "CONDUCTOR_TOKEN_KEY": Fernet.generate_key().decode(),
    }
    references = {name.removeprefix("CONDUCTOR_").lower(): f"env:{name}" for name in variables}
    return s3_block(server, buckets) | references, variables


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
