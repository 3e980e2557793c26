"""Large and hostile files, made anew for each run, are refused in flat memory. What is measured is the whole child."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from conductor.contracts.file_format import FileFormat
from conductor.contracts.load import load
from conductor.errors import StopAndCall
from conductor.files import Refused, arrive
from conductor.files.confined import Job, Task, confined

from .products import write_product

ROOT = Path(__file__).parents[2]
HEADER = b"id,day,label,amount,currency\n"
CHUNK = 1 << 20
PROGRAM = """
import resource, sys
from pathlib import Path
from conductor.contracts.load import load
from conductor.files import Refused, arrive
try:
    print(arrive(Path(sys.argv[2]), load(Path(sys.argv[1])).contract, Path(sys.argv[3])).rows)
except Refused as refused:
    print(refused.diagnosis.code)
# What the kernel calls ru_maxrss of a process counts the one that started it, too; its own high-water mark does not.
mine = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(max(int(mine), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


def arrived(file: Path, dialect: str, folder: Path) -> tuple[str, int]:
    """Give what comes of a file in a process of its own: rows or code, and the most MiB that it or its child held."""
    product = write_product(dialect, folder / "products")
    command = [sys.executable, "-c", PROGRAM, str(product), str(file), str(folder / "scratch")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found, kibibytes = ended.stdout.split()
    return found, int(kibibytes) // 1024


def field(sign: bytes, mebibytes: int) -> Iterator[bytes]:
    yield HEADER + b"001,2026-11-20,"
    for _ in range(mebibytes):
        yield sign * CHUNK
    yield b",1.00,EUR\n"


@pytest.mark.parametrize(
    ("sign", "code"), [(b"x", "ROW_TOO_LONG"), (b"\r", "CR_LINE_ENDS"), (b'"', "ROW_TOO_LONG")]
)
def test_a_field_of_300_mib_is_refused_in_little_memory(sign: bytes, code: str, tmp_path: Path) -> None:
    file = tmp_path / "field.csv"
    with file.open("wb") as opened:
        opened.writelines(field(sign, 300))
    found, mebibytes = arrived(file, "plain", tmp_path)
    assert found == code
    assert mebibytes < 512


def test_an_object_of_300_mib_is_refused_in_little_memory(tmp_path: Path) -> None:
    for name, start in (("field.ndjson", b'{"id":"'), ("field.json", b'[{"id":"')):
        file = tmp_path / name
        with file.open("wb") as opened:
            opened.write(start)
            opened.writelines(b"x" * CHUNK for _ in range(300))
        found, mebibytes = arrived(file, "many", tmp_path / name.replace(".", "-"))
        assert (found, mebibytes < 512) == ("ROW_TOO_LONG", True)


@pytest.mark.parametrize("packed", ["zip", "gz"])
def test_a_bomb_is_refused_in_little_memory(packed: str, tmp_path: Path) -> None:
    file, zeros = tmp_path / f"bomb.csv.{packed}", b"0,0\n" * (CHUNK // 4)
    if packed == "zip":
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("bomb.csv", "w") as inside,
        ):
            for _ in range(400):
                inside.write(zeros)
    else:
        with gzip.open(file, "wb", compresslevel=6) as inside:
            inside.write(HEADER)
            for _ in range(400):
                inside.write(zeros)
    found, mebibytes = arrived(file, "plain", tmp_path)
    assert found == "BOMB"
    assert mebibytes < 512


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "liar.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0,0\n" * (100 * CHUNK // 4))
    data, real = bytearray(file.read_bytes()), (100 * CHUNK).to_bytes(4, "little")
    at = 0
    while (at := data.find(real, at)) >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
    file.write_bytes(data)
    found, mebibytes = arrived(file, "plain", tmp_path)
    # The reader of archives stops where the archive says that its file ends, and the checksum is another then.
    assert found == "CORRUPT"
    assert mebibytes < 512


def test_ten_thousand_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text(",".join(f"c{n}" for n in range(10_000)) + "\n", encoding="utf-8")
    assert arrived(file, "plain", tmp_path)[0] == "TOO_MANY_COLUMNS"


def test_a_large_clean_file_is_taken_in_less_memory_than_it_is_long(tmp_path: Path) -> None:
    row = b"%09d,2026-11-20,a label of some length that stands in every row,12.50,EUR\n"
    file, rows = tmp_path / "large.csv", 14_000_000
    with file.open("wb") as opened:
        opened.write(HEADER)
        opened.writelines(row % n for n in range(rows))
    taken, mib = arrived(file, "plain", tmp_path / "large")
    assert taken == str(rows)
    assert mib < file.stat().st_size >> 20
    assert mib < 1024


def test_flipped_bits_are_never_more_than_a_refusal_or_rows(tmp_path: Path) -> None:
    """Of files whose bytes are damaged at random either rows are read or a diagnosis is given; nothing else comes out."""

    contract = load(write_product("many", tmp_path / "products")).contract
    chance = random.Random(20261120)
    for name in ("clean.csv", "clean.ndjson", "array.json", "gzip.csv.gz", "quoted_newlines.csv"):
        data = (Path(__file__).parent / "files" / name).read_bytes()
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            file = tmp_path / name
            file.write_bytes(damaged)
            with suppress(Refused):
                assert 1 <= arrive(file, contract, tmp_path / "scratch").rows <= 8


def test_a_full_disk_is_not_held_against_the_file(tmp_path: Path) -> None:
    files = Path(__file__).parent / "files"
    for task, name in (
        (Task.UNZIP, "zip.csv.zip"),
        (Task.PARQUET, "clean.parquet"),
        (Task.XLSX, "clean.xlsx"),
    ):
        wanted = ("id", "day", "label", "amount", "currency")
        job = Job(task=task, file=files / name, to=Path("/dev/full"), said=FileFormat(), delivered=wanted)
        with pytest.raises(StopAndCall, match="disk is full"):
            confined(job, tmp_path)
