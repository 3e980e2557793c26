"""The how-to of the installation, as what a person types: one shell that takes the page's blocks one after the other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from servers.chart import ROOT

PAGE = ROOT / "docs" / "how-to" / "install-on-kubernetes.md"
PART = re.compile(r"^#{2,3} (?P<title>.+?)$(?P<body>.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "-- the block has ended --"


def blocks(page: Path = PAGE) -> Mapping[str, str]:
    """Give what is to be typed under each heading, in the order of the page; headings with nothing to type are left out."""
    parts = PART.finditer(page.read_text(encoding="utf-8"))
    found = {part["title"]: "".join(BLOCK.findall(part["body"])) for part in parts}
    return {title: text for title, text in found.items() if text}


class Typed:
    """A shell at the root of the checkout. What one block exports or starts is there for the next."""

    def __init__(self, shell: subprocess.Popen[str]) -> None:
        self._shell = shell

    def run(self, text: str, seconds: float) -> str:
        """Run a block to its end and give what it printed; a line that fails, or no end in time, fails the test."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{text}\necho '{END}'\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        watch = threading.Timer(seconds, os.killpg, (self._shell.pid, signal.SIGKILL))
        watch.start()
        try:
            for line in self._shell.stdout:
                if line.strip() == END:
                    return "".join(printed)
                printed.append(line)
        finally:
            watch.cancel()
        raise AssertionError(f"{text}\nstopped after:\n{''.join(printed)}")


@contextmanager
def typed() -> Generator[Typed]:
    """Have a shell for the body; what it left running ends with it."""
    environment = {
        **os.environ,
        "COLUMNS": "200",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Typed(shell)
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()
