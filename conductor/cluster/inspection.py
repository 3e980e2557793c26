"""What a cluster is and allows, for whoever looks whether all is set up. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from kubernetes_asyncio.client import (
    ApiClient,
    AuthorizationV1Api,
    CoreV1Api,
    StorageV1Api,
    V1ResourceAttributes,
    V1SelfSubjectAccessReview,
    V1SelfSubjectAccessReviewSpec,
    VersionApi,
)

from conductor.cluster.api import Api

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True)
class Right:
    """A verb on a kind of object in one namespace; `group` is empty for the core ones."""

    verb: str
    group: str
    resource: str


RECONCILER = (
    *(Right(verb, "batch", "jobs") for verb in ("list", "delete")),
    *(Right(verb, "", "pods") for verb in ("list", "delete")),
    Right("list", "", "events"),
)
"""What `conductor reconcile --cluster` does in the flows' namespace."""


@dataclass(frozen=True)
class Standing:
    """The cluster's version as (major, minor), and its clock."""

    version: tuple[int, int]
    clock: datetime | None


def standing(api: Api) -> Standing | None:
    """Ask the cluster what it is."""
    return api.run(_standing)


def default_class(api: Api) -> str | None:
    """Give the storage class that is taken where none is named; classes are the whole cluster's, which not everybody may read."""
    return api.run(_default_class)


def missing_rights(api: Api, namespace: str, rights: tuple[Right, ...]) -> tuple[Right, ...]:
    """Give those rights that this account does not have."""

    async def ask(client: ApiClient) -> tuple[Right, ...]:
        return tuple([right for right in rights if not await _may(client, namespace, right)])

    return api.run(ask) or ()


def secret_keys(api: Api, namespace: str, name: str) -> frozenset[str] | None:
    """Give the keys of a Secret, never a value; None if there is no such Secret."""

    async def ask(client: ApiClient) -> frozenset[str]:
        found = await CoreV1Api(client).read_namespaced_secret(name, namespace)
        return frozenset(found.data or {})

    return api.run(ask)


async def _may(client: ApiClient, namespace: str, right: Right) -> bool:
    wanted = V1ResourceAttributes(
        namespace=namespace, verb=right.verb, group=right.group, resource=right.resource
    )
    review = V1SelfSubjectAccessReview(spec=V1SelfSubjectAccessReviewSpec(resource_attributes=wanted))
    answer = await AuthorizationV1Api(client).create_self_subject_access_review(review)
    return bool(answer.status and answer.status.allowed)


async def _standing(client: ApiClient) -> Standing:
    told, _, headers = await VersionApi(client).get_code_with_http_info()
    minor = "".join(filter(str.isdecimal, told.minor))
    date = headers.get("Date")
    return Standing(
        (int(told.major), int(minor)),
        parsedate_to_datetime(date) if date else None,
    )


async def _default_class(client: ApiClient) -> str | None:
    classes = (await StorageV1Api(client).list_storage_class()).items
    named = [
        each.metadata.name
        for each in classes
        if (each.metadata.annotations or {}).get(DEFAULT_CLASS) == "true"
    ]
    return named[0] if named else None
