"""What operating-system errors mean: absent, full, away, not allowed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NAME = frozenset({errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})


def not_there(location: StorageLocation) -> LapisError:
    """Make the error for a location where nothing lies."""
    return LapisError(ErrorCode.NOT_FOUND, f"There is nothing at {location}.")


def unreachable(location: StorageLocation, why: str) -> LapisError:
    """Make the error for a store that does not answer, or refuses."""
    sentence = f"The storage of {location} can't be reached: {why.rstrip('.')}."
    return LapisError(ErrorCode.STORAGE_UNREACHABLE, sentence)


class RefusedError(LapisError):
    """The store answered, and said no: trying again later is of no use."""

    is_refusal = True


def refused(location: StorageLocation, why: str) -> LapisError:
    """Make the error for a store that refuses: no such bucket, credentials that are not let in."""
    error = unreachable(location, why)
    return RefusedError(error.code, error.message, error.hint)


def translate(error: OSError, location: StorageLocation, default: str | None = None) -> LapisError:
    """Turn an operating-system error into ours; the message names the location, no folder above its root."""
    why = default or error.strerror or type(error).__name__
    if error.errno in ABSENT:
        return not_there(location)
    if error.errno in _FULL:
        return LapisError(ErrorCode.STORAGE_FULL, f"There is no space left to store {location}.", _FREE_HINT)
    if error.errno in _NAME:
        return LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The path {location} can't be used: {why}.")
    return unreachable(location, why)


@contextmanager
def translated(location: StorageLocation) -> Iterator[None]:
    """Translate operating-system errors of the block."""
    try:
        yield
    except OSError as error:
        raise translate(error, location) from error


_FREE_HINT = "Free some space (or raise the quota) and try again; what was stored before is intact."
