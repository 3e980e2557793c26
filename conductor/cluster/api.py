"""The Jobs and pods of one namespace, over Kubernetes' API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import aiohttp
from kubernetes_asyncio.client import ApiClient, ApiException, BatchV1Api, CoreV1Api, V1DeleteOptions

from conductor.cluster.objects import RUN_LABEL, Happened, Job, Pod, Told
from conductor.errors import FixTheConfiguration, RetryLater

Connect = Callable[[], AbstractAsyncContextManager[ApiClient]]
T = TypeVar("T")
K = TypeVar("K", bound=Told)
PATIENCE_SECONDS = 30
REFUSED = (401, 403)


class Response(Protocol):
    """An answer that was not read yet."""

    async def read(self) -> bytes:
        """Give its bytes."""
        ...


@dataclass(frozen=True)
class Listed:
    """What a namespace holds at one instant."""

    jobs: tuple[Job, ...]
    pods: tuple[Pod, ...]
    events: tuple[Happened, ...]


class Api:
    """A cluster. Any call may raise `RetryLater` (no answer) or `FixTheConfiguration` (refused)."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def run(self, call: Callable[[ApiClient], Awaitable[T]]) -> T | None:
        """Make one call and give what came of it; None where there is no such object."""

        async def connected() -> T:
            async with self._connect() as api:
                return await asyncio.wait_for(_awaited(call, api), PATIENCE_SECONDS)

        try:
            return asyncio.run(connected())
        except ApiException as error:
            if error.status == 404:
                return None
            if error.status in REFUSED:
                raise FixTheConfiguration(
                    f"Kubernetes refuses this account: {error.reason}",
                    next_command="conductor doctor --cluster",
                ) from None
            raise RetryLater(f"Kubernetes answered {error.status} {error.reason}") from None
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            raise RetryLater(f"Kubernetes does not answer ({type(error).__name__})") from None


class Namespace:
    """The Jobs and pods of one namespace."""

    def __init__(self, api: Api, name: str) -> None:
        self._api = api
        self.name = name

    def listed(self) -> Listed:
        """Give the Jobs and pods of flow runs and Spark, and the events of the namespace."""
        return self._api.run(self._listed) or Listed((), (), ())

    def delete_job(self, name: str) -> None:
        """Remove a Job and, behind it, its pods. Repeats: one that is gone stays gone."""
        gentle = V1DeleteOptions(propagation_policy="Background")
        self._api.run(lambda api: BatchV1Api(api).delete_namespaced_job(name, self.name, body=gentle))

    def delete_pod(self, name: str, *, force: bool = False) -> None:
        """Remove a pod; by force at once, whether or not a kubelet says that it ended. Repeats: gone stays gone."""
        options = V1DeleteOptions(grace_period_seconds=0) if force else V1DeleteOptions()
        self._api.run(lambda api: CoreV1Api(api).delete_namespaced_pod(name, self.name, body=options))

    async def _listed(self, api: ApiClient) -> Listed:
        core, batch = CoreV1Api(api), BatchV1Api(api)
        jobs = await _items(batch.list_namespaced_job, self.name, Job, label_selector=RUN_LABEL)
        # Executors of Spark bear no label of a flow run, and are few among the pods of this namespace.
        pods = await _items(core.list_namespaced_pod, self.name, Pod)
        events = await _items(core.list_namespaced_event, self.name, Happened)
        return Listed(jobs, tuple(pod for pod in pods if pod.run_id or pod.executor), events)


async def _awaited(call: Callable[[ApiClient], Awaitable[T]], api: ApiClient) -> T:
    return await call(api)


async def _items(
    listing: Callable[..., Awaitable[Any]], namespace: str, kind: type[K], **options: str
) -> tuple[K, ...]:
    """List in pages, as JSON: the client's own models know nothing that we need and are slow to build."""
    found: list[K] = []
    after = ""
    while True:
        answer: Response = await listing(
            namespace, limit=500, _continue=after, _preload_content=False, **options
        )
        page: dict[str, Any] = json.loads(await answer.read())
        _raise_if_refused(page)
        found += [kind.model_validate(item) for item in cast(Sequence[object], page.get("items", ()))]
        after = str(page["metadata"].get("continue") or "")
        if not after:
            return tuple(found)


def _raise_if_refused(page: dict[str, Any]) -> None:
    if page.get("kind") == "Status":
        raise ApiException(status=int(page.get("code", 500)), reason=str(page.get("message", "")))
