"""A zip archive with one file in it."""

from __future__ import annotations

import zipfile
import zlib

from conductor.files.confined import Done, Job
from conductor.files.diagnosis import Refusal, Unacceptable
from conductor.files.envelope import STEP, check_growth

RESEND = "ask the sender to send the file again"
KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unzip(job: Job) -> Done:
    """Write the one file of an archive to `job.to`, never more of it than the limits allow; its name becomes no path."""
    try:
        with zipfile.ZipFile(job.file) as archive:
            member = _only(archive)
            _check_member(member)
            check_growth(member.file_size, member.compress_size, job.said.limits)
            with archive.open(member) as packed, job.to.open("wb") as plain:
                while chunk := packed.read(STEP):
                    plain.write(chunk)
                    check_growth(plain.tell(), member.compress_size, job.said.limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        raise Unacceptable(Refusal.CORRUPT, "the archive is damaged or cut off", RESEND) from None
    return Done(name=member.filename)


def _only(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) != 1:
        raise Unacceptable(
            Refusal.MANY_MEMBERS,
            f"the archive holds {len(members):,} files, and one is taken",
            "ask the sender for one file in each archive",
        )
    return members[0]


def _check_member(member: zipfile.ZipInfo) -> None:
    if any(sign in member.filename for sign in ("/", "\\", "..", ":")):
        raise Unacceptable(
            Refusal.SUSPICIOUS_NAME, "the name of the file in the archive leads into folders", RESEND
        )
    if member.flag_bits & 1:
        raise Unacceptable(
            Refusal.ENCRYPTED, "the archive is encrypted", "ask the sender for one that is not"
        )
    if member.compress_type not in KNOWN:
        raise Unacceptable(
            Refusal.WRONG_COMPRESSION,
            "the archive is packed in an unusual way",
            "ask the sender for plain zip",
        )
