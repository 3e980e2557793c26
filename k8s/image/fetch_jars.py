"""Fetch the jars of a lock file: `python fetch_jars.py BASE LOCK FOLDER`, BASE being the address of a Maven repository.

Each line of the lock is a sha256 and a path below that address. A jar with another content is refused.
"""

from __future__ import annotations

import hashlib
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TRIES = 4


def fetch(address: str) -> bytes:
    """Give what lies at the address; a server that has not got it to hand is asked again, one that says no is not."""
    for attempt in range(1, TRIES + 1):
        try:
            with urllib.request.urlopen(address, timeout=120) as answer:  # noqa: S310 - the builder chose the address
                return answer.read()
        except urllib.error.URLError as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code in {401, 403, 404}
            if refused or attempt == TRIES:
                sys.exit(f"{address}: {error}")
            time.sleep(2**attempt)
    raise AssertionError("the last try ends above")


def main(base: str, lock: Path, folder: Path) -> None:
    """Fetch each jar that is not there yet, and write it once its content is proved."""
    if not base:
        sys.exit("say where jars come from: --build-arg MAVEN_URL=<base address of a Maven repository>")
    for line in lock.read_text(encoding="ascii").splitlines():
        digest, path = line.split()
        content = fetch(f"{base.rstrip('/')}/{path}")
        if (found := hashlib.sha256(content).hexdigest()) != digest:
            sys.exit(f"{path} has sha256 {found}, the lock says {digest}")
        (folder / path.rpartition("/")[2]).write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
