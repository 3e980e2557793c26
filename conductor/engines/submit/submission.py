"""What is submitted to a service that runs Spark, and where it stands there. Whether the batch is refined only the ledger says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from conductor.engines.spark_sizes import SparkSizes
from conductor.errors import ConductorError, FixTheConfiguration, RetryLater

LONGEST_TOKEN = 64


@dataclass(frozen=True)
class Submission:
    """A job. `entrypoint` is the address of a Python file that the service can read, `env` what its driver finds in the environment;
    `image` the container image with our code, where the service takes one; `spark_conf` more settings of Spark. A service that
    takes a limit ends the job after `deadline_seconds`; 0 leaves it to the service.

    Two submissions with the same `token` are one job.
    """

    name: str
    token: str
    entrypoint: str
    sizes: SparkSizes
    image: str = ""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    spark_conf: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    deadline_seconds: int = 0

    @property
    def short_token(self) -> str:
        """Give the token in at most 64 letters, digits and hyphens, which every service takes."""
        if len(self.token) <= LONGEST_TOKEN and self.token.replace("-", "").isalnum():
            return self.token
        return hashlib.sha256(self.token.encode()).hexdigest()


class Phase(StrEnum):
    """Where a job stands. `STOPPED` is one that a person or a limit ended."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Job:
    """A job at the service: its id there, its phase, the service's own word for that, and a page for people, if there is one."""

    id: str
    phase: Phase
    word: str
    page: str = ""

    @property
    def over(self) -> bool:
        """Say whether nothing more comes of it."""
        return self.phase in (Phase.SUCCEEDED, Phase.FAILED, Phase.STOPPED)


class Submitter(Protocol):
    """A service. Errors: `RetryLater` where it does not answer, is busy or has no room now; `FixTheConfiguration` where it refuses
    us or what we ask for.
    """

    def submit(self, submission: Submission) -> Job:
        """Have the job run; the one that was submitted with this token before is given as it stands."""
        ...

    def look(self, job_id: str) -> Job:
        """Give where the job stands."""
        ...

    def cancel(self, job_id: str) -> None:
        """Have it stopped; one that is over stays as it is."""
        ...


def refused(service: str, status: int, word: str) -> ConductorError:
    """Sort what a service answers: a status from 500 on, too many requests and time-outs pass; the rest a person mends."""
    if status in (408, 409, 429) or status >= 500:
        return RetryLater(f"{service} takes no jobs now ({status} {word})")
    if status in (401, 403):
        return FixTheConfiguration(f"{service} refuses these credentials ({status} {word})")
    return FixTheConfiguration(f"{service} refuses the job ({status} {word})")
