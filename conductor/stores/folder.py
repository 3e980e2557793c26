"""A local folder as an object store: the embedded default, and a mounted volume."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from conductor.errors import (
    AlreadyExists,
    ConductorError,
    FixTheConfiguration,
    NotFound,
    RetryLater,
    StopAndCall,
)
from conductor.stores.history import ONLY_VERSION
from conductor.stores.keys import folder_of, readable, writable
from conductor.stores.protocol import Protection, Stat, Version

UNFINISHED = ".unfinished"  # keys hold no leading dot, so what a killed writer leaves here is never an object

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
PASSING = {errno.EAGAIN, errno.EBUSY, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ETIMEDOUT}


class FolderStore:
    """Objects are files under `root`, which is made by the first write.

    A new object is written aside, synced and then linked into place, which fails if the name is taken: of
    many writers one wins, and a kill or power cut at any byte leaves the whole object or nothing. There are no
    versions and no locks.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.name = f"folder {self.root}"

    def __repr__(self) -> str:
        return f"FolderStore({str(self.root)!r})"

    def create(self, key: str, data: bytes | Path) -> Stat:
        with self._translated(key), self._written(writable(key), data) as (aside, place):
            try:
                os.link(aside, place)
            finally:  # also when another won: the caller may go on from what is there, so it must be durable
                _sync_folders(place.parent, self.root)
            return _stat(key, place)

    def put(self, key: str, data: bytes | Path) -> Stat:
        with self._translated(key), self._written(writable(key), data) as (aside, place):
            aside.replace(place)
            _sync_folders(place.parent, self.root)
            return _stat(key, place)

    def read(self, key: str, version_id: str | None = None) -> bytes:
        with self._translated(key):
            return self._existing(key, version_id).read_bytes()

    def download(self, key: str, to: Path, version_id: str | None = None) -> None:
        with self._translated(key), _aside(to.parent) as aside:
            shutil.copyfile(self._existing(key, version_id), aside)
            aside.replace(to)

    def stat(self, key: str) -> Stat | None:
        with self._translated(key):
            place = self._place(readable(key))
            return _stat(key, place) if place.is_file() else None

    def list(self, prefix: str) -> Iterator[Stat]:
        start = folder_of(prefix)
        with self._translated(prefix):
            folder = self._place(start) if start else self.root
            if folder.is_dir():
                yield from _walk(folder, start)

    def delete(self, key: str) -> None:
        with self._translated(key):
            place = self._place(readable(key))
            if place.is_file():
                place.unlink(missing_ok=True)
                _sync(place.parent)

    def versions(self, prefix: str) -> Iterator[Version]:
        for there in self.list(prefix):
            yield Version(there.key, ONLY_VERSION, True, False, there.size, there.modified)

    def protection(self) -> Protection:
        return Protection(versioning=False, lock=None, retention_days=None, encryption=None)

    def uri(self, key: str) -> str:
        return str(self._place(readable(key)))

    def storage_options(self) -> Mapping[str, str]:
        return {}

    def _place(self, key: str) -> Path:
        """Give the path of a checked key; a symbolic link on the way is refused, as it could lead out."""
        place = self.root / key
        if place.is_symlink() or place.parent.resolve() != place.parent:
            raise FixTheConfiguration(
                f"{key} passes through a symbolic link in {self.name}; links are not followed."
            )
        return place

    def _existing(self, key: str, version_id: str | None) -> Path:
        place = self._place(readable(key))
        if version_id not in (None, ONLY_VERSION) or not place.is_file():
            raise NotFound(
                f"{self.name} has no {key}" + (f" at version {version_id}." if version_id else ".")
            )
        return place

    @contextmanager
    def _written(self, key: str, data: bytes | Path) -> Generator[tuple[Path, Path]]:
        """Give a synced file with the data, beside the tree, and the place that it is meant for."""
        place = self._place(key)
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from error
        with _aside(self.root / UNFINISHED) as aside:
            with aside.open("xb") as target:
                if isinstance(data, Path):
                    with data.open("rb") as source:
                        shutil.copyfileobj(source, target, 1 << 20)
                else:
                    target.write(data)
                target.flush()
                os.fsync(target.fileno())
            yield aside, place

    @contextmanager
    def _translated(self, key: str) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(key, error) from error

    def _error(self, key: str, error: OSError) -> ConductorError:
        why = os.strerror(error.errno) if error.errno else str(error)
        if error.errno == errno.EEXIST:
            return AlreadyExists(f"{self.name} already has {key}.")
        if error.errno == errno.ENOENT:
            return NotFound(f"{self.name} has no {key}.")
        if error.errno in FULL:
            return StopAndCall(
                f"There is no room for {key} of {self.name}: {why}.", next_command="conductor doctor"
            )
        if error.errno in REFUSED:
            return FixTheConfiguration(f"{self.name} refuses {key}: {why}.", next_command="conductor doctor")
        if error.errno in PASSING:
            return RetryLater(f"{self.name} did not answer for {key}: {why}.")
        return StopAndCall(f"{self.name} failed at {key}: {why}.", next_command="conductor doctor")


@contextmanager
def _aside(folder: Path) -> Generator[Path]:
    """Give a path that nobody else has; what is written there is gone afterwards unless it was moved."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / uuid4().hex
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _walk(folder: Path, start: str) -> Iterator[Stat]:
    """Give the files below in key order: a folder sorts as its name with the slash, as within a key."""
    entries = [
        entry for entry in os.scandir(folder) if not entry.name.startswith(".") and not entry.is_symlink()
    ]
    for entry in sorted(entries, key=lambda entry: entry.name + "/" * entry.is_dir()):
        if entry.is_dir():
            yield from _walk(Path(entry), f"{start}{entry.name}/")
        else:
            try:
                yield _stat(start + entry.name, Path(entry))
            except FileNotFoundError:
                continue  # deleted since the folder was read


def _stat(key: str, path: Path) -> Stat:
    found = path.stat()
    return Stat(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _sync_folders(folder: Path, root: Path) -> None:
    """Make names durable up to the root, whichever writer made the folders."""
    while folder.is_relative_to(root):
        _sync(folder)
        folder = folder.parent


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
