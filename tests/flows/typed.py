"""The command line, as a person types it on a site."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from pipeline.site import Site


def typed(here: Site, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever it is."""
    return subprocess.run(
        [sys.executable, "-m", "conductor.cli.main", *words],
        env=os.environ | here.environment(**settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def answered(here: Site, *words: str) -> Any:
    """Give what a reading command says to a program."""
    done = typed(here, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
