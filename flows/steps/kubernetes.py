"""Where Kubernetes is: the edge where flows meet the pod's account or the surroundings' KUBECONFIG."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException

from conductor.errors import FixTheConfiguration

TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@asynccontextmanager
async def connected() -> AsyncGenerator[ApiClient]:
    """Have a client of the cluster for the body: as the account of this pod or, where it has none, as KUBECONFIG says."""
    settings = Configuration()
    try:
        if TOKEN.exists() and not os.environ.get("KUBECONFIG"):
            config.load_incluster_config(client_configuration=settings)
        else:
            await config.load_kube_config(client_configuration=settings)
    except ConfigException as error:
        raise FixTheConfiguration(
            f"no cluster is known: {error}", next_command="export KUBECONFIG=/path/to/config"
        ) from None
    async with ApiClient(configuration=settings) as api:
        yield api
