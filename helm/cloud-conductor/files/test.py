"""See whether a release works: the API answers, asks strangers for credentials, and every pool has a worker that polls."""

import os
import sys

import httpx

API = os.environ["PREFECT_API_URL"]
user, _, password = os.environ["PREFECT_API_AUTH_STRING"].partition(":")


def ask(method: str, path: str, **options) -> httpx.Response:
    return httpx.request(method, API + path, timeout=30, trust_env=False, **options)


failures = []
if ask("GET", "/ready").status_code != 200:
    failures.append("the API is not ready")
if (status := ask("POST", "/flows/filter", json={}).status_code) != 401:
    failures.append(f"the API answers {status} to a stranger")
for pool in sys.argv[1].split(","):
    answer = ask("POST", f"/work_pools/{pool}/workers/filter", json={}, auth=(user, password))
    if answer.status_code != 200:
        failures.append(f"the pool {pool} answers {answer.status_code}")
    elif not any(worker["status"] == "ONLINE" for worker in answer.json()):
        failures.append(f"no worker of the pool {pool} is online")
    else:
        sys.stdout.write(f"pool {pool}: a worker is online\n")
sys.exit("\n".join(failures) or 0)
