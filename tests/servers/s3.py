"""An S3 that means it: SeaweedFS enforces signatures, conditions, versions, locks and checksums."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

REGION = "us-east-1"
PATIENCE = 120  # seconds until the first bucket list succeeds
# Every bucket gets volumes of its own; seven at a time, as is usual, would be too many for hundreds of small buckets.
SETTINGS = {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
ROLES = ("master", "volume", "filer", "s3")
ACTIONS = ["Admin", "Read", "Write", "List", "Tagging"]


class S3Server(BaseModel):
    """A running server with two identities. `pid` and `started` name the process beyond doubt."""

    endpoint_url: str
    access_key: str
    secret_key: str
    other_access_key: str
    other_secret_key: str
    folder: str
    pid: int
    started: float

    def client(self) -> Any:
        """Give a boto3 client of the first identity, which may do everything that the server lets anybody do."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
        )


def make_bucket(server: S3Server, *, versioned: bool = False) -> str:
    """Make an empty bucket of a new name."""
    name = f"bucket-{uuid4().hex[:12]}"
    client = server.client()
    client.create_bucket(Bucket=name)
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def make_locked_bucket(server: S3Server, *, days: int = 1) -> str:
    """Make a bucket for raw: versions, a COMPLIANCE lock on everything written, encryption at rest."""
    name = f"locked-{uuid4().hex[:12]}"
    client = server.client()
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket=name,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}},
        },
    )
    client.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    return name


def start_s3(host: str = "127.0.0.1") -> S3Server:
    """Start a server and wait until it lists buckets; a port lost to another program costs another try.

    `host` is an address of this machine: loopback, or one that pods of a test cluster reach.
    """
    for _ in range(3):
        server = _start(Path(tempfile.mkdtemp(prefix="conductor-s3-")), host)
        if _ready(server):
            return server
        stop_s3(server)
    raise RuntimeError("SeaweedFS did not start three times over")


def stop_s3(server: S3Server) -> None:
    """End the process, which has nothing worth an orderly goodbye of ten seconds, and remove its data."""
    if _alive(server):
        os.kill(server.pid, signal.SIGKILL)
    shutil.rmtree(server.folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Give different free ports of the loopback interface."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _start(folder: Path, host: str) -> S3Server:
    keys = {name: (secrets.token_hex(10).upper(), secrets.token_hex(20)) for name in ("main", "other")}
    identities = [
        {"name": name, "credentials": [{"accessKey": access, "secretKey": secret}], "actions": ACTIONS}
        for name, (access, secret) in keys.items()
    ]
    (folder / "identities.json").write_text(json.dumps({"identities": identities}))
    ports = free_ports(2 * len(ROLES))
    process = _launch(folder, ports, host)
    return S3Server(
        endpoint_url=f"http://{host}:{ports[ROLES.index('s3')]}",
        access_key=keys["main"][0],
        secret_key=keys["main"][1],
        other_access_key=keys["other"][0],
        other_secret_key=keys["other"][1],
        folder=str(folder),
        pid=process.pid,
        started=psutil.Process(process.pid).create_time(),
    )


def _launch(folder: Path, ports: list[int], host: str) -> subprocess.Popen[bytes]:
    addresses = [f"-{role}.port={port}" for role, port in zip(ROLES, ports, strict=False)]
    addresses += [f"-{role}.port.grpc={port}" for role, port in zip(ROLES, ports[len(ROLES) :], strict=True)]
    command = [str(Path(sysconfig.get_path("scripts")) / "weed"), "server", f"-dir={folder}"]
    command += [f"-ip={host}", f"-ip.bind={host}", "-filer", "-s3", *addresses]
    command += [f"-s3.config={folder / 'identities.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.telemetry=false", "-master.volumeSizeLimitMB=256", "-volume.max=5000"]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=os.environ | SETTINGS | {"WEED_S3_SSE_KEY": secrets.token_hex(32)},
            start_new_session=True,
        )


def _ready(server: S3Server) -> bool:
    deadline = time.monotonic() + PATIENCE
    while _alive(server) and time.monotonic() < deadline:
        try:
            server.client().list_buckets()
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return True
    return False


def _alive(server: S3Server) -> bool:
    try:
        process = psutil.Process(server.pid)
        return process.create_time() == server.started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
