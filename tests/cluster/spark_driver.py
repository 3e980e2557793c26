"""What the driver's pod runs in these tests: it refines one job that lies in a bucket, on Spark with executors in pods.

The job comes as JSON in the file that is named first; what came of it goes into the bucket as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from conductor.contracts.load import discover
from conductor.engines.engine import open_engine
from conductor.engines.places import put
from conductor.engines.protocol import RecordsFile, ReferenceFiles, RefineJob
from conductor.engines.spark_cluster import spark_cluster
from conductor.engines.spark_sizes import spark_sizes
from conductor.settings import load_settings
from conductor.values import Batch
from conductor.workspace import ROOT


def main(told: dict[str, object]) -> None:
    """Refine the job and tell what came of it."""
    scratch = Path(mkdtemp())
    job = told_job(told, scratch)
    settings = load_settings(scratch, os.environ)
    sizes = replace(spark_sizes(sum(file.size for file in job.records), settings), executors=2)
    cluster = spark_cluster(settings, sizes, ROOT / "k8s" / "spark" / "executor.yaml")
    assert cluster
    done = open_engine("spark", 0, cluster).refine(job)
    if done.rejected:
        put(done.rejected, str(told["rejected_uri"]), job.storage_options)
    file = scratch / "outcome.json"
    file.write_text(
        json.dumps(
            {
                "files": [each.model_dump(mode="json") for each in done.files],
                "counts": done.counts.model_dump(),
                "sums": [each.model_dump(mode="json") for each in done.sums],
                "reasons": done.reasons,
            }
        )
    )
    put(file, str(told["outcome_uri"]), job.storage_options)


def told_job(told: dict[str, object], scratch: Path) -> RefineJob:
    """Give the job that the test wrote down."""
    products = discover([ROOT / "products"])
    options = told["options"]
    options = {**options, "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"]}
    options["aws_secret_access_key"] = os.environ["AWS_SECRET_ACCESS_KEY"]
    return RefineJob(
        product=products[told["product"]],
        batch=Batch.model_validate(told["batch"]),
        records=tuple(
            RecordsFile(uri, name, length=length, storage_options=options)
            for uri, name, length in told["records"]
        ),
        references={
            name: ReferenceFiles(products[name].contract, tuple(uris), options)
            for name, uris in told["references"].items()
        },
        table_uri=told["table_uri"],
        attempt=told["attempt"],
        scratch=scratch,
        storage_options=options,
    )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
