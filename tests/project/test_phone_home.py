"""Nothing that the product starts talks to anyone outside this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="no strace: install the system package strace"
)

ROOT = Path(__file__).parents[2]
CALLS = "connect,sendto,sendmsg,sendmmsg"
ADDRESS = re.compile(r"sa_family=(?P<family>\w+)(?P<rest>[^}]*)")
QUOTED = re.compile(r'"([^"]*)"')
PORT = re.compile(r"port=htons\((\d+)\)")
# The families of the kernel's own, and the one that undoes a connection.
SILENT = {"AF_NETLINK", "AF_UNSPEC"}
RESOLVERS = ("/run/systemd/resolve/", "/run/dbus/")
DNS = {53, 853, 5353}
# Many programs keep quiet where they see a build server, a wish not to be tracked, or a proxy that is on this machine.
MUZZLES = (
    "CI",
    "GITHUB_ACTIONS",
    "DO_NOT_TRACK",
    "PREFECT_",
    "CONDUCTOR_",
    "DBT_",
    "HTTP_",
    "HTTPS_",
    "ALL_",
)


def traced(program: list[str], trace: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python program, with all that it starts, and write each call that names a peer."""
    talkative = {name: value for name, value in os.environ.items() if not name.upper().startswith(MUZZLES)}
    strace = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-e",
        f"trace={CALLS}",
        "-e",
        "signal=none",
        "-o",
        trace,
    ]
    return subprocess.run(
        [*strace, sys.executable, *program],
        cwd=ROOT,
        env=talkative | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def leaving(trace: Path) -> list[str]:
    """Give the calls whose peer is not this machine; a question to a name server leaves it wherever that listens."""
    return [
        line
        for line in trace.read_text(encoding="utf-8", errors="replace").splitlines()
        for address in ADDRESS.finditer(line)
        if leaves(address["family"], address["rest"])
    ]


def leaves(family: str, rest: str) -> bool:
    """Judge one address as strace writes it."""
    if family in SILENT:
        return False
    quoted: Iterator[str] = (found[1] for found in QUOTED.finditer(rest))
    if family == "AF_UNIX":
        return next(quoted, "").removeprefix("/var").startswith(RESOLVERS)
    port = PORT.search(rest)
    if family not in ("AF_INET", "AF_INET6") or port is None or int(port[1]) in DNS:
        return True
    peer = ip_address(next(quoted))
    return not (getattr(peer, "ipv4_mapped", None) or peer).is_loopback


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ('AF_INET, sin_port=htons(4200), sin_addr=inet_addr("127.0.0.1")', False),
        ('AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")', True),
        ('AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")', True),
        (
            'AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0',
            False,
        ),
        (
            'AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)',
            True,
        ),
        ('AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr)', False),
        ('AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6_addr)', True),
        ('AF_UNIX, sun_path="/var/run/nscd/socket"', False),
        ('AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"', True),
        ("AF_NETLINK, nl_pid=0, nl_groups=00000000", False),
        ("AF_PACKET, sll_protocol=htons(ETH_P_ALL)", True),
    ],
)
def test_each_kind_of_address_is_judged(tmp_path: Path, address: str, verdict: bool) -> None:
    trace = tmp_path / "trace"
    trace.write_text(f"17 connect(3, {{sa_family={address}}}, 28 <unfinished ...>\n17 <... resumed>) = 0\n")
    assert bool(leaving(trace)) is verdict


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("s.setblocking(False); s.connect_ex(('192.0.2.1', 443))", id="connect"),
        pytest.param(
            "s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'x', ('192.0.2.1', 9))", id="sendto"
        ),
        pytest.param(
            "s = socket.socket(type=socket.SOCK_DGRAM); s.sendmsg([b'x'], [], 0, ('192.0.2.1', 9))",
            id="sendmsg",
        ),
        pytest.param(
            "threading.Thread(target=lambda: s.connect_ex(('192.0.2.1', 443))).start()", id="thread"
        ),
    ],
)
def test_a_program_that_leaves_the_machine_is_caught(tmp_path: Path, program: str) -> None:
    """The child does it, as telemetry in something that we start would."""
    child = f"import os, socket, threading; s = socket.socket(); s.settimeout(0.2); {program}"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    traced(["-c", parent], tmp_path / "trace", tmp_path)
    assert leaving(tmp_path / "trace")


def test_a_program_that_stays_is_not_caught(tmp_path: Path) -> None:
    server = "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname())"
    traced(["-c", f"import socket; {server}"], tmp_path / "trace", tmp_path)
    assert '"127.0.0.1"' in (tmp_path / "trace").read_text()
    assert leaving(tmp_path / "trace") == []


def test_the_demo_talks_to_this_machine_alone(tmp_path: Path) -> None:
    demo = [
        "-m",
        "conductor.cli.main",
        "demo",
        "--home",
        str(tmp_path / "home"),
        "--receipts",
        "120",
        "--json",
    ]
    done = traced(demo, tmp_path / "trace", tmp_path)
    assert done.returncode == 0, done.stderr
    seen = (tmp_path / "trace").read_text(encoding="utf-8", errors="replace")
    assert '"127.0.0.1"' in seen, "the trace holds the demo's own calls"
    assert leaving(tmp_path / "trace") == []
