"""A user picks a kind of store, and settings that contradict it are refused at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conductor.errors import FixTheConfiguration
from conductor.stores import Credentials, StoreKind, open_store


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (StoreKind.FOLDER, {}),
        (StoreKind.FOLDER, {"root": Path("/tmp/x"), "bucket": "b"}),  # noqa: S108
        (StoreKind.FOLDER, {"root": Path("/tmp/x"), "endpoint_url": "http://127.0.0.1"}),  # noqa: S108
        (StoreKind.FOLDER, {"root": Path("/tmp/x"), "credentials": Credentials()}),  # noqa: S108
        (StoreKind.S3, {}),
        (StoreKind.S3, {"bucket": "b", "root": Path("/tmp/x")}),  # noqa: S108
        (StoreKind.S3, {"bucket": "b", "prefix": "../other"}),
    ],
)
def test_contradictory_settings_are_refused(kind: StoreKind, settings: dict[str, Any]) -> None:
    with pytest.raises(FixTheConfiguration):
        open_store(kind, **settings)


def test_a_folder_needs_no_cloud_client_and_s3_names_the_extra_that_brings_it(tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["boto3"] = None  # as if it were not installed
from pathlib import Path
from conductor.errors import Missing
from conductor.stores import StoreKind, open_store
open_store(StoreKind.FOLDER, root=Path({str(tmp_path)!r})).create("raw/a", b"x")
try:
    open_store(StoreKind.S3, bucket="bucket")
except Missing as error:
    print(error.sentence)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "cloud-conductor[aws]" in ran.stdout
    assert (tmp_path / "raw" / "a").read_bytes() == b"x"
