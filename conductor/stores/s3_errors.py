"""What an S3 client raises, sorted by what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager

from boto3.exceptions import RetriesExceededError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnection

from conductor.errors import (
    AlreadyExists,
    ConductorError,
    FixTheConfiguration,
    NotFound,
    RetryLater,
    StopAndCall,
)

ABSENT = {
    "NoSuchKey",
    "NoSuchVersion",
    "404",
    "MethodNotAllowed",
    "405",
}  # a delete marker cannot be read: 405
TAKEN = {"PreconditionFailed", "412"}
REFUSED = {
    "403",
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidBucketName",
    "InvalidToken",
    "NoSuchBucket",
    "PermanentRedirect",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
# ConditionalRequestConflict: another create of the key was under way. NoSuchUpload: an upload was aborted, or
# completed without an answer. Writing anew finds out which.
PASSING = {
    "429",
    "BadDigest",
    "ConditionalRequestConflict",
    "NoSuchUpload",
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "XAmzContentChecksumMismatch",
}
FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"}


@contextmanager
def translated(store: str, key: str) -> Generator[None]:
    """Raise what a client raised as one of `conductor.errors`, telling its code, never the server's text."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(store, key, error) from error
    except (BotoCoreError, RetriesExceededError) as error:
        raise _of_client(store, key, error) from error
    except OSError as error:  # our own disk, when downloading
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise StopAndCall(f"There is no room on this machine for {key} of {store}.") from error
        raise


def _of_answer(store: str, key: str, error: ClientError) -> ConductorError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in TAKEN:
        return AlreadyExists(f"{store} already has {key}.")
    if code in ABSENT:
        return NotFound(f"{store} has no {key}.")
    if code in REFUSED:
        return FixTheConfiguration(f"{store} refuses {key}: {code}.", next_command="conductor doctor")
    if code in FULL:
        return StopAndCall(f"{store} has no room for {key}: {code}.", next_command="conductor doctor")
    if code in PASSING or status >= 500:
        return RetryLater(f"{store} is not ready for {key}: {code}.")
    return StopAndCall(f"{store} answers {code} ({status}) for {key}.", next_command="conductor doctor")


def _of_client(store: str, key: str, error: Exception) -> ConductorError:
    kind = type(error).__name__
    match error:
        case NoCredentialsError() | PartialCredentialsError() | CredentialRetrievalError():
            return FixTheConfiguration(
                f"There are no credentials for {store}: {kind}.", next_command="conductor doctor"
            )
        case NoConnection() | HTTPClientError() | IncompleteReadError() | FlexibleChecksumError():
            return RetryLater(f"{store} did not answer for {key}: {kind}.", next_command="conductor doctor")
        case RetriesExceededError():
            return RetryLater(f"{store} did not answer for {key}: {kind}.", next_command="conductor doctor")
        case _:
            return FixTheConfiguration(
                f"{store} cannot be asked for {key}: {kind}.", next_command="conductor doctor"
            )
