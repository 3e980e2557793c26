"""Make the trial's buckets: all keep versions, and those of the first, raw, are locked. Repeats: what is there stays."""

import os
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

client = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"], region_name="us-east-1")
deadline = time.monotonic() + 300
while True:
    try:
        there = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        break
    except (BotoCoreError, ClientError) as error:
        if time.monotonic() > deadline:
            sys.exit(f"the S3 server does not answer: {error}")
        time.sleep(2)
for place, bucket in enumerate(sys.argv[1].split(",")):
    if bucket not in there:
        client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=place == 0)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if place == 0:
        retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        client.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
        )
