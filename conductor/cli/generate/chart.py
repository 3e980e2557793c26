"""The chart's README."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML

from conductor.cli.generate.markdown import code, document, table

CHART = Path("helm/cloud-conductor")
MARK = "# -- "
HOW = """\
Installs Prefect's server with two API processes, its services and a worker per pool, the platform's own jobs, and who may do what in
both namespaces. [Install on Kubernetes](../../docs/how-to/install-on-kubernetes.md) goes through it; `values-local.yaml` is a whole
trial, `values-ha.yaml` an example with every optional part. Values that contradict each other are refused by `values.schema.json`.

One release lives in a namespace: names are fixed, so that everybody knows what to look for."""
SECRETS = """\
## Secrets

The chart takes Secrets that are there, and puts nothing secret into values, ConfigMaps or Jobs. Names can be changed by values.

| namespace | Secret | keys |
| --- | --- | --- |
| platform | `conductor-prefect` | `auth-string` (`user:password`), `encryption-key` (a Fernet key) |
| platform | `conductor-databases` | `prefect-url`, `ledger-url`, `warehouse-url`, `redis-url` |
| platform and flows | `conductor-workspace` | the variables that the workspace's references name |
| flows | `conductor-prefect` | `auth-string` |

With `externalSecrets.enabled` the External Secrets operator makes them from AWS Secrets Manager, Google Secret Manager or Azure Key
Vault: one secret there per key, called `<prefix><Secret>-<key>` in small letters with dashes."""
UPGRADES = """\
## Upgrades

`helm upgrade` brings the database's tables up to date first, then replaces the processes one by one, then applies base job templates,
automations and the workspace. Runs that are going keep their pods; their client waits for the API while it is replaced. Pools
stay paused if they were, and keep their limits.

- The encryption key can't be changed: blocks that are there would no longer be read.
- A new server reads old clients, an old server not always new ones: upgrade the chart before the images of flows.
- Secrets are read when a pod starts: after a change, `kubectl rollout restart deployment --namespace conductor`.
- Back the databases up first. Tables that were brought up to date are not taken back by `helm rollback`.
- External Secrets and what they made stay after `helm uninstall`, as do both namespaces."""


@dataclass(frozen=True)
class Value:
    """A value of the chart: its path, what it is if nobody says, and its sentence."""

    path: str
    default: str
    sentence: str


def readme(root: Path) -> str:
    """Give the chart's README from the comments of its values."""
    text = (root / CHART / "values.yaml").read_text(encoding="utf-8")
    rows = [(code(each.path), code(each.default), each.sentence) for each in values(text)]
    settings = table(("value", "default", "what it says"), rows)
    return document(
        "Cloud Conductor on Kubernetes", "`values.yaml`", HOW, SECRETS, UPGRADES, f"## Values\n\n{settings}"
    )


def values(text: str) -> Iterator[Value]:
    """Give every described value in the order in which they are written."""
    whole = cast(Mapping[str, object], YAML(typ="safe").load(text))
    above: list[tuple[int, str]] = []
    sentence: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            sentence = (
                [*sentence, bare.removeprefix(MARK).lstrip("# ")] if sentence or bare.startswith(MARK) else []
            )
            continue
        if not bare or bare.startswith("- ") or ":" not in bare:
            sentence = []
            continue
        depth = len(line) - len(line.lstrip())
        above = [(at, key) for at, key in above if at < depth] + [(depth, bare.partition(":")[0])]
        if sentence:
            path = [key for _, key in above]
            yield Value(".".join(path), _default(whole, path), " ".join(sentence))
        sentence = []


def _default(values: Mapping[str, object], path: list[str]) -> str:
    found = values[path[0]]
    if path[1:]:
        return _default(cast(Mapping[str, object], found), path[1:])
    return json.dumps(found, ensure_ascii=False)
