"""dbt for runs that are forked: a server that has imported dbt forks a process for each call, and one parse serves all homes.

An import and a parse are most of what dbt costs for a day of 120 receipts. The forked process runs dbt as the product's own call
does: the same arguments, variables, working directory and outputs.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from select import select

PARSED = Path("target/partial_parse.msgpack")
"""What dbt keeps of a parse, in its folder."""


class WarmDbt:
    """A server that ends with this process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="warm-dbt-"))
        self.address = self.folder / "socket"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.address))
            listening.listen()
            self._server = subprocess.Popen(
                [sys.executable, __file__, "serve"],
                stdin=subprocess.PIPE,
                pass_fds=[listening.fileno()],
                env={**os.environ, "LISTENING": str(listening.fileno())},
            )

    @staticmethod
    @cache
    def of_this_process() -> WarmDbt:
        """Give the one server of this process."""
        return WarmDbt()

    @property
    def command(self) -> tuple[str, ...]:
        """How dbt is called."""
        return (sys.executable, "-I", "-S", __file__, str(self.address))


def serve(listening: socket.socket) -> None:
    """Fork for each call, until standard input ends."""
    import dbt.adapters.duckdb
    import dbt.adapters.postgres
    import dbt.cli.main  # noqa: F401

    shared = Path(listening.getsockname()).with_name("parsed")
    gc.freeze()  # the forked touch fewer pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forked
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they end this
    while True:
        ready, _, _ = select([listening, sys.stdin], [], [])
        if sys.stdin in ready:
            shutil.rmtree(shared.parent)
            return
        call, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            listening.close()
            work(call, shared)
        call.close()


def work(call: socket.socket, shared: Path) -> None:
    """Be the process of one call: run dbt, say with which code it ended. The first parse is kept for other homes."""
    text, outputs, _, _ = socket.recv_fds(call, 1 << 20, 2)
    asked = json.loads(text)
    for number, descriptor in enumerate(outputs, start=1):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["dbt", *asked["arguments"]]
    if shared.exists() and not PARSED.exists():
        PARSED.parent.mkdir(exist_ok=True)
        shutil.copyfile(shared, PARSED)
    from dbt.cli.main import cli

    code = 1
    try:
        cli()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if PARSED.exists() and not shared.exists():
            half = shared.with_suffix(f".{os.getpid()}")
            shutil.copyfile(PARSED, half)
            half.rename(shared)
        call.sendall(bytes([code]))
        os._exit(code)


def call(address: str, arguments: list[str]) -> int:
    """Have dbt run; give its exit code, and die as it did if it was killed."""
    asked = {"arguments": arguments, "environment": dict(os.environ), "folder": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [json.dumps(asked).encode()], [1, 2])
        answer = server.recv(1)
    if not answer:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer[0]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        with socket.socket(fileno=int(os.environ["LISTENING"])) as given:
            serve(given)
    else:
        sys.exit(call(sys.argv[1], sys.argv[2:]))
