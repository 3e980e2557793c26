"""A file above the threshold is refined by executors in pods: the same rows and cents as Polars, though one is shot on the way."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from servers.kubernetes import Cluster, need_image
from servers.s3 import REGION, S3Server, make_bucket, start_s3, stop_s3

from conductor.contracts.load import discover
from conductor.contracts.typed import polars_schema
from conductor.engines.choose import EngineName, choose_engine
from conductor.engines.polars import PolarsEngine
from conductor.engines.protocol import RecordsFile, ReferenceFiles, RefineJob, RefineOutcome
from conductor.settings import Settings
from conductor.stores import Credentials, StoreKind, open_store
from conductor.stores.protocol import Store
from conductor.values import Batch, Slot
from conductor.workspace import ROOT

from .spark_ground import EXECUTORS, IMAGE, Ground, executors, ground

PRODUCTS = discover([ROOT / "products"])
RECEIPTS = PRODUCTS["finance/sales_receipts"]
DAY = date(2026, 11, 20)
ROWS = 400_000
THRESHOLD = 1_000_000  # bytes


@dataclass(frozen=True)
class Lake:
    """A bucket that pods reach, and what Polars made of the same records on this machine."""

    store: Store
    server: S3Server
    records: Path
    references: dict[str, ReferenceFiles]
    polars: RefineOutcome
    folder: Path


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[S3Server]:
    """An S3 server at the address under which pods reach this machine."""
    need_image(cluster, IMAGE)
    started = start_s3(os.environ["CLUSTER_HOST"])
    yield started
    stop_s3(started)


@pytest.fixture(scope="module")
def lake(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Records in the bucket, beside what they join."""
    folder = tmp_path_factory.mktemp("lake")
    keys = Credentials(server.access_key, server.secret_key)
    store = open_store(
        StoreKind.S3,
        bucket=make_bucket(server),
        region=REGION,
        endpoint_url=server.endpoint_url,
        credentials=keys,
    )
    records = folder / "records.parquet"
    generated(ROWS).write_parquet(records)
    store.put("raw/records.parquet", records)
    references = {each.contract.dataset: each for each in joined(store, folder)}
    job = RefineJob(
        product=RECEIPTS,
        batch=BATCH,
        records=(RecordsFile(records, "object-0"),),
        references=references,
        table_uri=str(folder / "table"),
        attempt="a1",
        scratch=folder / "scratch",
    )
    job.scratch.mkdir()
    return Lake(store, server, records, references, PolarsEngine().refine(job), folder)


@pytest.fixture(scope="module")
def here(server: S3Server) -> Iterator[Ground]:
    """The namespace."""
    with ground({"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}) as made:
        yield made


BATCH = Batch(
    id="b" * 32,
    slot=Slot(dataset=RECEIPTS.contract.dataset, day=DAY),
    version=1,
    object_ids=("object-0",),
    contract_version="1.0.0",
    refine_sha256="",
)


def generated(rows: int) -> pl.DataFrame:
    """Give sales lines: each tenth is an older version of the one before, each thirteenth has an amount that is no number."""
    chance = random.Random(20261120)
    number = range(rows)
    return pl.DataFrame(
        {
            "_document": [str(n // 10) for n in number],
            "_line": [str(n + 1) for n in number],
            "Id": [str(n // 10) for n in number],
            "SyncToken": ["0" if n % 10 == 9 else "1" for n in number],
            "TxnDate": [DAY.isoformat()] * rows,
            "CurrencyRef.value": [("USD", "EUR", "GBP")[n // 10 % 3] for n in number],
            "MetaData.LastUpdatedTime": ["2026-11-20T13:45:06-08:00"] * rows,
            "Line.Id": [str(n % 10 - (n % 10 == 9)) for n in number],
            "Line.DetailType": ["SalesItemLineDetail"] * rows,
            "Line.Amount": [
                "12,50" if n % 13 == 0 else f"{Decimal(chance.randint(1, 9_999_999)) / 100:.2f}"
                for n in number
            ],
            "Line.SalesItemLineDetail.ItemRef.value": [str(n % 3 + 1) for n in number],
            "CustomerRef.name": [chance.randbytes(12).hex() for _ in number],
        }
    )


def joined(store: Store, folder: Path) -> Iterator[ReferenceFiles]:
    """Write a catalogue and rates as other batches would have left them."""
    at = datetime(2026, 11, 20, 21, tzinfo=UTC)
    items = [
        {"item_id": str(n), "item_name": "x", "item_type": "Service", "active": True, "business_date": DAY}
        for n in (1, 2, 3)
    ]
    rates = [
        {
            "currency": name,
            "home_currency": "USD",
            "business_date": DAY,
            "rate": Decimal(rate),
            "updated_at": at,
        }
        for name, rate in (("EUR", "1.083450"), ("GBP", "1.270005"))
    ]
    for name, rows in (("sales/product_catalogue", items), ("finance/fx_rates", rates)):
        contract = PRODUCTS[name].contract
        file = folder / f"{contract.table}.parquet"
        pl.DataFrame(rows, schema=polars_schema(contract.columns)).write_parquet(file)
        store.put(f"curated/{contract.table}.parquet", file)
        uri = store.uri(f"curated/{contract.table}.parquet")
        yield ReferenceFiles(contract, (uri,), store.storage_options())


def told(lake: Lake, attempt: str) -> dict[str, Any]:
    """Write the job down for a driver, without a secret."""
    options = {name: value for name, value in lake.store.storage_options().items() if "_key" not in name}
    return {
        "product": RECEIPTS.contract.dataset,
        "batch": BATCH.model_dump(mode="json"),
        "records": [[lake.store.uri("raw/records.parquet"), "object-0", lake.records.stat().st_size]],
        "references": {name: list(each.uris) for name, each in lake.references.items()},
        "table_uri": lake.store.uri("curated/table"),
        "rejected_uri": lake.store.uri(f"outcome/{attempt}/rejected.parquet"),
        "outcome_uri": lake.store.uri(f"outcome/{attempt}/outcome.json"),
        "attempt": attempt,
        "options": options,
    }


def same_as_polars(lake: Lake, attempt: str) -> list[str]:
    """Hold what Spark left against what Polars did, row for row; give the keys of Spark's files."""
    outcome = json.loads(lake.store.read(f"outcome/{attempt}/outcome.json"))
    assert outcome["counts"] == lake.polars.counts.model_dump()
    assert outcome["sums"] == [each.model_dump(mode="json") for each in lake.polars.sums]
    assert outcome["reasons"] == [list(each) for each in lake.polars.reasons]
    keys = [f"curated/table/{each['path']}" for each in outcome["files"]]
    options = dict(lake.store.storage_options())
    uris = [lake.store.uri(key) for key in keys]
    spark = pl.read_parquet(uris, storage_options=options, hive_partitioning=False)
    paths = [lake.folder / "table" / file.path for file in lake.polars.files]
    polars = pl.read_parquet(paths, hive_partitioning=False)
    key = list(RECEIPTS.contract.key)
    assert spark.select(polars.columns).sort(key).equals(polars.sort(key))
    uri = lake.store.uri(f"outcome/{attempt}/rejected.parquet")
    aside = pl.read_parquet(uri, storage_options=options)
    assert lake.polars.rejected
    wanted = pl.read_parquet(lake.polars.rejected)
    assert aside.select(wanted.columns).sort("_line").equals(wanted.sort("_line"))
    return keys


def until(true: Any, ground: Ground, driver: str) -> None:
    deadline = time.monotonic() + 600
    while not true():
        assert ground.phase(driver) in ("Pending", "Running"), ground.log(driver)[-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_executors_in_pods_give_the_rows_and_cents_of_polars(lake: Lake, here: Ground) -> None:
    settings = Settings(spark_from_bytes=THRESHOLD)
    size = lake.records.stat().st_size
    choice = choose_engine(size, ROWS, 2**31, settings, RECEIPTS.contract, missing=None)
    assert choice.engine == EngineName.SPARK
    here.drive("refine-one", told(lake, "a1"))
    until(lambda: executors(here.kube), here, "refine-one")
    pods = here.kube.items("pods", EXECUTORS)
    log = here.wait("refine-one")
    assert same_as_polars(lake, "a1")
    for pod in pods:
        manifest = json.dumps(pod)
        assert lake.server.secret_key not in manifest
        assert pod["spec"]["serviceAccountName"] == "spark-executor"
        assert [owner["name"] for owner in pod["metadata"]["ownerReferences"]] == ["refine-one"]
    assert lake.server.secret_key not in log
    assert here.kube.items("pods", EXECUTORS) == []


def test_an_executor_that_is_shot_while_it_writes_costs_no_row(lake: Lake, here: Ground) -> None:
    here.drive("refine-two", told(lake, "a2"))
    table = "curated/table/year=2026/month=11/day=20"
    until(lambda: len(executors(here.kube)) >= 1, here, "refine-two")
    time.sleep(8)
    victim = executors(here.kube)[0]
    here.kube.do("delete", "pod", victim, "--force", "--grace-period=0")
    here.wait("refine-two")
    keys = same_as_polars(lake, "a2")
    there = [stat.key for stat in lake.store.list(table) if "/a2-" in stat.key]
    assert set(keys) <= set(there)  # what a lost task left is in no list of files
