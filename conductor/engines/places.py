"""Files on their way between this machine and where tables lie: a local folder or a bucket."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import obstore
from obstore import exceptions
from obstore.store import from_url

from conductor.errors import FixTheConfiguration, RetryLater

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config

PLAIN_HTTP = "aws_allow_http"
"""The one storage option that is the connection's and not the bucket's."""
REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, FileNotFoundError)


def put(file: Path | str, uri: str, options: Mapping[str, str]) -> None:
    """Bring a local file to an address, where nothing is yet; the local one is gone then."""
    if "://" not in uri:
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, uri)
        return
    with _opened(uri, options) as (store, name):
        obstore.put(store, name, Path(file))
    Path(file).unlink()


def remove(uri: str, options: Mapping[str, str]) -> None:
    """Take a file away that this attempt brought there; one that is gone is no error."""
    if "://" not in uri:
        Path(uri).unlink(missing_ok=True)
        return
    with _opened(uri, options) as (store, name):
        obstore.delete(store, name)


def fetch(uri: str, options: Mapping[str, str], into: Path) -> Path:
    """Have the file of an address on this machine: `into`, or where it is if that is a local folder."""
    if "://" not in uri:
        return Path(uri)
    into.parent.mkdir(parents=True, exist_ok=True)
    with _opened(uri, options) as (store, name), into.open("wb") as file:
        for part in obstore.get(store, name).stream():
            file.write(part)
    return into


@contextmanager
def _opened(uri: str, options: Mapping[str, str]) -> Generator[tuple[ObjectStore, str]]:
    """Give the store of an address, and its key there."""
    folder, _, name = uri.rpartition("/")
    config = {key: value for key, value in options.items() if key != PLAIN_HTTP}
    plain = options.get(PLAIN_HTTP) == "true"
    try:
        yield from_url(folder, config=cast("S3Config", config), client_options={"allow_http": plain}), name
    except REFUSED as error:
        raise FixTheConfiguration(f"storage refuses {uri} ({type(error).__name__})") from None
    except exceptions.BaseError as error:
        raise RetryLater(f"storage failed at {uri} ({type(error).__name__})") from None
