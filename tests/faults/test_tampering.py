"""Somebody with the pipeline's own keys at the raw zone on S3: what they cannot do, and what comes of what they can."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pipeline.end_state import end_state
from pipeline.fixtures import NewSite
from pipeline.site import PRODUCT, Site
from servers.s3 import S3Server

from conductor.audit import Invariant, Scope, audit
from conductor.cli.commands.audit import evidence

DAY = date(2026, 3, 2)


@pytest.fixture
def carried(new_s3_site: NewSite) -> Site:
    """A site on S3 with one day."""
    here = new_s3_site()
    here.run(DAY).well()
    return here


def raw_versions(here: Site, client: Any) -> list[tuple[str, str, str]]:
    """Give bucket, key and version of each object in the raw zone."""
    assert here.block is not None
    place = here.block["raw"]
    listed = client.list_object_versions(Bucket=place["bucket"], Prefix=f"{place['prefix']}/raw/")
    return [(place["bucket"], each["Key"], each["VersionId"]) for each in listed["Versions"]]


def test_no_version_of_a_raw_object_can_be_removed_or_changed(carried: Site, s3_server: S3Server) -> None:
    client = s3_server.client()
    versions = raw_versions(carried, client)
    assert any(key.endswith("manifest.json") for _, key, _ in versions)
    before = {
        version: client.get_object(Bucket=b, Key=k, VersionId=v)["Body"].read()
        for version in versions
        for b, k, v in [version]
    }
    for bucket, key, version in versions:
        with pytest.raises(ClientError, match="AccessDenied|denied|WORM|locked"):
            client.delete_object(Bucket=bucket, Key=key, VersionId=version)
        with pytest.raises(ClientError, match="AccessDenied|denied|WORM|locked"):
            client.delete_object(Bucket=bucket, Key=key, VersionId=version, BypassGovernanceRetention=True)
    assert raw_versions(carried, client) == versions
    for (bucket, key, version), data in before.items():
        assert client.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read() == data


def test_planted_versions_and_delete_markers_change_nothing_and_are_named(
    carried: Site, s3_server: S3Server, tmp_path: Path
) -> None:
    client = s3_server.client()
    before = end_state(carried)
    records = [
        each
        for each in raw_versions(carried, client)
        if "/sales_receipts/" in each[1] and each[1].endswith("records.parquet")
    ]
    manifests = [
        each
        for each in raw_versions(carried, client)
        if "/sales_receipts/" in each[1] and each[1].endswith("manifest.json")
    ]
    for bucket, key, _ in records:
        client.put_object(Bucket=bucket, Key=key, Body=b"planted")
    for bucket, key, _ in manifests:
        client.delete_object(Bucket=bucket, Key=key)  # leaves a delete marker

    workspace = carried.workspace()
    try:
        # A correction makes the road read the raw object again.
        batch = workspace.ledger.history(next(iter(workspace.ledger.slots(PRODUCT))))[0].batch
        report = audit(evidence(workspace), Scope(None, None, tuple(Invariant)), tmp_path, lambda _: None)
    finally:
        workspace.close()
    named = " ".join(finding.sentence for finding in report.findings)
    assert {finding.invariant for finding in report.findings} == {Invariant.I6}
    assert "has another version" in named
    assert "has a delete marker" in named

    item = {"Line.SalesItemLineDetail.ItemRef.value": "1"}
    carried.run(
        replay={
            "batch": batch.id,
            "by": "the tests",
            "reason": "wrong item",
            "assignments": item,
            "where": {"_reasons": "UNKNOWN_ITEM"},
        }
    ).well()
    after = end_state(carried)
    slot = f"{PRODUCT}/{DAY}"
    assert after.lake[slot][0] == before.lake[slot][0] + 2
