"""Become another program that ends when the one who started it ends, even by SIGKILL.

`python -m conductor.cli.child PROGRAM [ARGUMENT ...]`. Linux keeps the promise; elsewhere the child may outlive its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ask the kernel for SIGTERM at the parent's death, then become the program."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent ended before we had asked
            sys.exit(1)
    os.execvp(arguments[0], arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
