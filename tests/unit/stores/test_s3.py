"""What an S3 store promises beyond every store's promises: versions, locks, large objects, faults, secrets."""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from servers.proxy import Fault, proxy
from servers.s3 import S3Server, free_ports, make_bucket, make_locked_bucket

from conductor.errors import AlreadyExists, ConductorError, FixTheConfiguration, NotFound, RetryLater
from conductor.stores import Credentials
from conductor.stores.history import original
from conductor.stores.protocol import Protection
from conductor.stores.s3 import S3Store

MIB = 1 << 20
PART = 5 * MIB  # the least that S3 takes


def opened(server: S3Server, bucket: str, **more: Any) -> S3Store:
    keys = Credentials(server.access_key, server.secret_key)
    return S3Store(bucket, **{"endpoint_url": server.endpoint_url, "credentials": keys, "attempts": 3} | more)


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    return make_bucket(s3_server)


@pytest.fixture
def locked(s3_server: S3Server) -> S3Store:
    return opened(s3_server, make_locked_bucket(s3_server))


# --- what the store enforces


def test_protection_tells_what_the_bucket_enforces(s3_server: S3Server, locked: S3Store, bucket: str) -> None:
    assert locked.protection() == Protection(True, "COMPLIANCE", 1, "AES256")
    assert opened(s3_server, bucket).protection() == Protection(False, None, None, None)
    versioned = make_bucket(s3_server, versioned=True)
    assert opened(s3_server, versioned).protection() == Protection(True, None, None, None)


ATTACKS: dict[str, Callable[[Any, dict[str, str]], object]] = {
    "delete the version": lambda client, at: client.delete_object(**at),
    "delete it with bypass": lambda client, at: client.delete_object(**at, BypassGovernanceRetention=True),
    "shorten its retention": lambda client, at: client.put_object_retention(
        **at, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=1)}
    ),
    "weaken its mode": lambda client, at: client.put_object_retention(
        **at, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=2)}
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("parts", [1, 2])
def test_a_landed_version_withstands_the_credentials_that_wrote_it(
    s3_server: S3Server, attack: str, parts: int
) -> None:
    store = opened(s3_server, make_locked_bucket(s3_server), largest_put=PART, part_size=PART)
    data = random.Random(parts).randbytes(parts * PART)
    written = store.create("raw/a", data)
    assert written.version_id is not None
    at = {"Bucket": store.bucket, "Key": "raw/a", "VersionId": written.version_id}
    with pytest.raises(ClientError) as refused:
        ATTACKS[attack](s3_server.client(), at)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    assert store.read("raw/a", written.version_id) == data


def test_versioning_of_a_locked_bucket_cannot_be_suspended(s3_server: S3Server, locked: S3Store) -> None:
    with pytest.raises(ClientError):
        s3_server.client().put_bucket_versioning(
            Bucket=locked.bucket, VersioningConfiguration={"Status": "Suspended"}
        )
    assert locked.protection().versioning


def test_a_hidden_object_is_gone_for_a_plain_read_and_there_by_its_version(locked: S3Store) -> None:
    written = locked.create("raw/a", b"evidence")
    locked.delete("raw/a")
    assert locked.stat("raw/a") is None
    assert locked.read("raw/a", written.version_id) == b"evidence"
    marker, kept = sorted(locked.versions("raw"), key=lambda version: version.delete_marker, reverse=True)
    assert (marker.delete_marker, kept.version_id) == (True, written.version_id)
    with pytest.raises(NotFound):
        locked.read("raw/a", marker.version_id)


# --- objects that are too large for one PUT


@pytest.mark.parametrize("source", ["bytes", "file"])
@pytest.mark.parametrize("size", [PART, PART + 1, 2 * PART, 2 * PART + 7])
def test_a_large_object_is_written_in_parts_and_only_once(
    s3_server: S3Server, bucket: str, tmp_path: Path, size: int, source: str
) -> None:
    store = opened(s3_server, bucket, largest_put=PART, part_size=PART)
    data = random.Random(size).randbytes(size)
    (tmp_path / "large").write_bytes(data)
    content = data if source == "bytes" else tmp_path / "large"
    assert store.create("raw/large", content).size == size
    with pytest.raises(AlreadyExists):
        store.create("raw/large", bytes(size))
    assert store.read("raw/large") == data
    assert s3_server.client().list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    etag = s3_server.client().head_object(Bucket=bucket, Key="raw/large")["ETag"].strip('"')
    # S3 marks the number of parts in the tag: a whole PUT has no such mark.
    assert etag.partition("-")[2] == {PART: "", PART + 1: "2", 2 * PART: "2", 2 * PART + 7: "3"}[size]


def test_of_many_large_uploads_at_once_exactly_one_wins(s3_server: S3Server) -> None:
    bucket = make_bucket(s3_server, versioned=True)
    contents = [bytes([number]) * (PART + number) for number in range(1, 5)]
    start = threading.Barrier(len(contents))

    def create(data: bytes) -> bool:
        store = opened(s3_server, bucket, largest_put=PART, part_size=PART)
        start.wait()
        try:
            store.create("raw/contested", data)
        except ConductorError:
            return False
        return True

    with ThreadPoolExecutor(len(contents)) as pool:
        won = list(pool.map(create, contents))
    store = opened(s3_server, bucket)
    assert won.count(True) == 1
    written = original(store, "raw/contested")
    assert written is not None
    assert store.read("raw/contested", written.version_id) == contents[won.index(True)]


def test_a_put_of_a_large_object_replaces(s3_server: S3Server, bucket: str) -> None:
    store = opened(s3_server, bucket, largest_put=PART, part_size=PART)
    store.put("docs/large", b"a" * (PART + 1))
    store.put("docs/large", b"b" * (PART + 2))
    assert store.read("docs/large") == b"b" * (PART + 2)


# --- faults between us and the store


def first_times(fault: Fault, method: str, times: int = 1) -> Callable[[str, str], Fault]:
    """Do a fault to the first requests of a method and let the rest through."""
    left = [times]

    def choose(asked: str, path: str) -> Fault:
        if asked == method and left[0]:
            left[0] -= 1
            return fault
        return Fault.NONE

    return choose


@pytest.mark.parametrize("size", [3, PART + 3])
def test_a_create_whose_answer_is_lost_says_that_the_key_is_taken_and_our_bytes_are_there(
    s3_server: S3Server, size: int
) -> None:
    bucket, data = make_bucket(s3_server, versioned=True), b"x" * size
    method = "PUT" if size == 3 else "POST"

    def choose(asked: str, path: str) -> Fault:
        return lose(asked, path) if "uploads" not in path else Fault.NONE

    lose = first_times(Fault.LOST_ANSWER, method)
    with proxy(s3_server.endpoint_url, choose) as between:
        store = opened(s3_server, bucket, endpoint_url=between.url, largest_put=PART, part_size=PART)
        with pytest.raises((AlreadyExists, RetryLater)) as raised:
            store.create("raw/a", data)
        if raised.type is RetryLater:  # the upload is known to nobody any more: writing anew tells
            with pytest.raises(AlreadyExists):
                store.create("raw/a", data)
    assert between.done[Fault.LOST_ANSWER] == 1
    assert [version.size for version in store.versions("raw")] == [size]


@pytest.mark.parametrize("action", ["create", "read", "stat", "list"])
def test_a_busy_store_is_asked_again(s3_server: S3Server, bucket: str, action: str) -> None:
    opened(s3_server, bucket).create("raw/there", b"x")
    method = {"create": "PUT", "stat": "HEAD"}.get(action, "GET")
    with proxy(s3_server.endpoint_url, first_times(Fault.BUSY, method, 2)) as between:
        store = opened(s3_server, bucket, endpoint_url=between.url)
        actions: dict[str, Callable[[], object]] = {
            "create": lambda: store.create("raw/new", b"new").size,
            "read": lambda: len(store.read("raw/there")) + 2,
            "stat": lambda: store.stat("raw/there").size + 2,
            "list": lambda: len(list(store.list("raw"))) + 2,
        }
        assert actions[action]() == 3
    assert between.done[Fault.BUSY] == 2


def test_a_store_that_stays_busy_is_given_up_after_the_agreed_attempts(
    s3_server: S3Server, bucket: str
) -> None:
    with proxy(s3_server.endpoint_url, lambda method, path: Fault.BUSY) as between:
        store = opened(s3_server, bucket, endpoint_url=between.url, attempts=3)
        with pytest.raises(RetryLater, match="SlowDown"):
            store.create("raw/a", b"x")
        assert between.done == {Fault.BUSY: 3}
    assert list(opened(s3_server, bucket).list("")) == []


def test_an_answer_that_is_cut_short_is_never_taken_for_the_object(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    data = random.Random(3).randbytes(3 * MIB)
    opened(s3_server, bucket).create("raw/a", data)
    with proxy(s3_server.endpoint_url, first_times(Fault.CUT_BODY, "GET")) as between:
        store = opened(s3_server, bucket, endpoint_url=between.url)
        with pytest.raises(RetryLater):
            store.read("raw/a")
        assert store.read("raw/a") == data
    with proxy(s3_server.endpoint_url, first_times(Fault.CUT_BODY, "GET")) as between:
        opened(s3_server, bucket, endpoint_url=between.url).download("raw/a", tmp_path / "a")
        assert between.done[Fault.CUT_BODY] == 1
    assert (tmp_path / "a").read_bytes() == data


def test_a_store_that_does_not_answer_is_asked_later() -> None:
    store = S3Store(
        "nowhere",
        endpoint_url=f"http://127.0.0.1:{free_ports(1)[0]}",
        credentials=Credentials("key", "secret"),
        attempts=2,
    )
    for action in (lambda: store.read("a"), lambda: store.create("a", b""), lambda: store.stat("a")):
        with pytest.raises(RetryLater):
            action()
    with pytest.raises(RetryLater):
        list(store.list(""))
    with pytest.raises(RetryLater):
        store.protection()


# --- settings and secrets


WRONG = {
    "a wrong secret": lambda server: Credentials(server.access_key, "s3cr3t-but-wrong"),
    "an unknown key": lambda server: Credentials("AKNOBODY", "s3cr3t-but-wrong"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_refused_credentials_are_a_setting_to_fix_and_no_message_shows_them(
    s3_server: S3Server, bucket: str, tmp_path: Path, wrong: str
) -> None:
    store = opened(s3_server, bucket, credentials=WRONG[wrong](s3_server))
    actions: list[Callable[[], object]] = [
        lambda: store.create("raw/a", b"x"),
        lambda: store.put("raw/a", b"x"),
        lambda: store.read("raw/a"),
        lambda: store.download("raw/a", tmp_path / "to"),
        lambda: store.stat("raw/a"),
        lambda: list(store.list("")),
        lambda: list(store.versions("")),
        lambda: store.delete("raw/a"),
        store.protection,
    ]
    for action in actions:
        with pytest.raises(FixTheConfiguration) as refused:
            action()
        told = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
        assert "s3cr3t" not in told


def test_a_missing_bucket_is_a_setting_to_fix(s3_server: S3Server) -> None:
    store = opened(s3_server, "no-such-bucket")
    # Not among them are create, for which the server of the tests makes a missing bucket, and what asks by HEAD (stat and
    # download): S3 answers that without a body, so a missing bucket looks like a missing object.
    actions: list[Callable[[], object]] = [
        lambda: store.read("raw/a"),
        lambda: list(store.list("")),
        lambda: list(store.versions("")),
        store.protection,
    ]
    for action in actions:
        with pytest.raises(FixTheConfiguration):
            action()


def test_no_text_of_a_store_or_its_credentials_shows_a_secret() -> None:
    keys = Credentials("AKEXAMPLE", "s3cr3t", "t0k3n")
    store = S3Store("bucket", credentials=keys)
    for text in (repr(keys), str(keys), f"{keys}", repr(store), str(store), store.name, store.uri("a")):
        assert "s3cr3t" not in text
        assert "t0k3n" not in text


def test_polars_and_delta_rs_are_told_all_they_need() -> None:
    keys = Credentials("AKEXAMPLE", "s3cr3t", "t0k3n")
    store = S3Store(
        "bucket", prefix="one/two", region="eu-west-2", endpoint_url="http://127.0.0.1:9", credentials=keys
    )
    assert store.uri("curated/a") == "s3://bucket/one/two/curated/a"
    assert store.storage_options() == {
        "aws_region": "eu-west-2",
        "aws_access_key_id": "AKEXAMPLE",
        "aws_secret_access_key": "s3cr3t",
        "aws_session_token": "t0k3n",
        "aws_conditional_put": "etag",
        "aws_endpoint_url": "http://127.0.0.1:9",
        "aws_allow_http": "true",
    }
    plain = S3Store("bucket", credentials=Credentials("AKEXAMPLE", "s3cr3t"))
    assert set(plain.storage_options()) == {
        *("aws_region", "aws_access_key_id", "aws_secret_access_key", "aws_conditional_put")
    }


def test_what_is_written_over_plain_connections_is_never_the_default(s3_server: S3Server) -> None:
    secure = S3Store("bucket", endpoint_url="https://127.0.0.1:9", credentials=Credentials("a", "b"))
    assert secure.storage_options()["aws_allow_http"] == "false"
    assert "aws_allow_http" not in S3Store("bucket", credentials=Credentials("a", "b")).storage_options()


def test_two_prefixes_of_a_bucket_are_two_stores(s3_server: S3Server, bucket: str) -> None:
    one, other = opened(s3_server, bucket, prefix="team/one"), opened(s3_server, bucket, prefix="team/one2")
    one.create("raw/a", b"1")
    other.create("raw/a", b"2")
    other.create("raw/b", b"3")
    assert [stat.key for stat in one.list("")] == ["raw/a"]
    assert [stat.key for stat in other.list("")] == ["raw/a", "raw/b"]
    assert [version.key for version in one.versions("")] == ["raw/a"]
    assert (one.read("raw/a"), other.read("raw/a")) == (b"1", b"2")
