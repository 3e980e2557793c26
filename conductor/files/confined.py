"""Hostile formats are taken apart in a process of its own that may take only so much memory, time and disk.

Archives, Parquet and workbooks are read by big programs that believe what a file says of itself. One that makes such
a program run wild ends that process, and the file is refused.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

from conductor.contracts.file_format import FileFormat
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.values import Value

MEMORY = 4 << 30
SECONDS = 900
REPLY = "reply.json"


class Task(StrEnum):
    """What the process does."""

    UNZIP = "unzip"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Job(Value):
    """A task, the file, the file to write, and what the contract says: how files are written, and which columns."""

    task: Task
    file: Path
    to: Path
    said: FileFormat
    delivered: tuple[str, ...] = ()


class Done(Value):
    """What a task gives: the name of what was unpacked, or the columns, number and digest of the records."""

    name: str = ""
    columns: tuple[str, ...] = ()
    rows: int = 0
    sha256: str = ""


class Refusing(Value):
    """Why a task gives nothing."""

    code: Refusal
    sentence: str
    what_to_do: str
    place: str


def confined(job: Job, scratch: Path) -> Done:
    """Do a job in a process of its own; `Unacceptable` where the file is at fault or the process did not survive it."""
    reply = scratch / REPLY
    reply.unlink(missing_ok=True)
    command = [sys.executable, "-m", "conductor.files.confined", job.model_dump_json(), str(reply)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise _wild(job) from None
    if ended.returncode or not reply.exists():
        raise _wild(job)
    answer = json.loads(reply.read_text(encoding="utf-8"))
    if "code" in answer:
        refusing = Refusing.model_validate(answer)
        raise Unacceptable(refusing.code, refusing.sentence, refusing.what_to_do, refusing.place)
    return Done.model_validate(answer)


def _wild(job: Job) -> Unacceptable:
    return Unacceptable(
        Refusal.CORRUPT,
        f"it could not be read as {job.task.replace('unzip', 'zip')} within {MEMORY >> 30} GiB and {SECONDS // 60} minutes",
        "ask the sender to send the file again, or in parts",
    )


def _work(job: Job) -> Value:
    """Do the job in this process, and give what comes of it."""
    from conductor.files import archive, parquet_reader, xlsx_reader

    tasks = {Task.UNZIP: archive.unzip, Task.PARQUET: parquet_reader.read, Task.XLSX: xlsx_reader.read}
    try:
        return tasks[job.task](job)
    except Unacceptable as found:
        return Refusing(
            code=found.code, sentence=found.sentence, what_to_do=found.what_to_do, place=found.place
        )


def main() -> None:
    """Work under limits: bytes of memory and of a file, seconds of the processor, and no core file."""
    job = Job.model_validate_json(sys.argv[1])
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, job.said.limits.bytes * 2),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    Path(sys.argv[2]).write_text(_work(job).model_dump_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
