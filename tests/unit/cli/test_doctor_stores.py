from __future__ import annotations

from typing import Any

from servers.fixtures import arguments
from servers.s3 import S3Server, make_bucket, make_locked_bucket

from conductor.cli.checks.finding import Verdict, examine
from conductor.cli.checks.workspace import store
from conductor.stores import StoreKind, open_store
from conductor.zones import Zone


def verdicts(settings: dict[str, Any]) -> list[tuple[Verdict, str]]:
    opened = open_store(StoreKind.S3, **settings)
    return [
        (each.verdict, each.sentence)
        for each in examine("raw", lambda: store("raw", opened, Zone.RAW))
        if each.verdict is not Verdict.OK
    ]


def test_a_bucket_with_versions_and_locks_is_in_order(s3_server: S3Server) -> None:
    assert verdicts(arguments(s3_server, make_locked_bucket(s3_server))) == []


def test_a_bucket_without_versions_is_a_problem(s3_server: S3Server) -> None:
    found = verdicts(arguments(s3_server, make_bucket(s3_server)))
    assert [verdict for verdict, _ in found] == [Verdict.PROBLEM, Verdict.NOTE]
    assert "keeps no versions" in found[0][1]


def test_a_bucket_that_is_not_there_is_a_problem(s3_server: S3Server) -> None:
    ((verdict, sentence),) = verdicts(arguments(s3_server, "nobody-made-this-one"))
    assert verdict is Verdict.PROBLEM
    assert "nobody-made-this-one" in sentence
