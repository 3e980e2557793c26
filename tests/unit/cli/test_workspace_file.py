"""A workspace as a file: read whole, refused with the line, and never with a secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.storage import FolderStorage, S3Storage
from conductor.cli.workspace_file import read_workspace
from conductor.errors import FixTheConfiguration

GOOD = """\
name: production
timezone: Europe/Berlin
home: /tmp/conductor
raw:
  bucket: acme-raw
  region: eu-central-1
lake: {bucket: acme-lake}
backup: {path: /srv/backup}
ledger_url: env:CONDUCTOR_LEDGER_URL
warehouse_url: env:CONDUCTOR_WAREHOUSE_URL
token_key: file:/run/secrets/token-key
accounting:
  url: https://books.example.com
  realm: "1"
  group_realm: "2"
  client_id: id
  client_secret: env:CONDUCTOR_ACCOUNTING_CLIENT_SECRET
notifier:
  slack_webhook_url: env:SLACK
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "workspace.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_all_fields_arrive_in_the_block(tmp_path: Path) -> None:
    name, block = read_workspace(written(tmp_path, GOOD))
    assert name == "production"
    assert isinstance(block.raw, S3Storage)
    assert (block.raw.bucket, block.raw.region) == ("acme-raw", "eu-central-1")
    assert isinstance(block.backup, FolderStorage)
    assert block.backup.path == Path("/srv/backup")
    assert (block.ledger_url, block.token_key) == ("env:CONDUCTOR_LEDGER_URL", "file:/run/secrets/token-key")
    assert block.accounting.client_secret == "env:CONDUCTOR_ACCOUNTING_CLIENT_SECRET"
    assert block.notifier
    assert block.notifier.slack_webhook_url == "env:SLACK"


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("env:CONDUCTOR_LEDGER_URL", "postgresql://u:canary@h/d", 9, "`ledger_url` is a reference"),
        ("env:CONDUCTOR_WAREHOUSE_URL", "canary", 10, "`warehouse_url` is a reference"),
        ("file:/run/secrets/token-key", "canary", 11, "`token_key` is a reference"),
        ("env:CONDUCTOR_ACCOUNTING_CLIENT_SECRET", "canary", 17, "`client_secret` is a reference"),
        ("env:SLACK", "https://hooks.example.com/canary", 19, "`slack_webhook_url` is a reference"),
        (
            "  region: eu-central-1",
            "  credentials:\n    aws_access_key_id: A\n    aws_secret_access_key: canary",
            8,
            "`aws_secret_access_key` is a secret",
        ),
        ("timezone:", "timezones:", 2, "`timezones` is no field here; did you mean `timezone`?"),
        ("  bucket: acme-raw", "  bucket: X", 5, "`bucket` is wrong"),
        ("  client_id: id\n", "", 12, "`client_id` is missing"),
        ("lake: {bucket: acme-lake}", "lake: acme-lake", 7, "`lake` has fields of its own"),
        ("name: production\n", "", 1, "`name` is missing"),
        ("name: production", "name: embedded", 1, "`name` is missing or no name"),
        ("home: /tmp/conductor", "home: [", 5, "not YAML"),
        ("home: /tmp/conductor", "timezone: UTC", 3, "not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_without_its_value(
    tmp_path: Path, old: str, new: str, line: int, sentence: str
) -> None:
    assert old in GOOD
    file = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(FixTheConfiguration) as caught:
        read_workspace(file)
    assert caught.value.sentence.startswith(f"{file}:{line}: "), caught.value.sentence
    assert sentence in caught.value.sentence
    assert "canary" not in caught.value.sentence


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(FixTheConfiguration, match="cannot be read"):
        read_workspace(tmp_path / "nothing.yaml")
