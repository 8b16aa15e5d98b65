"""One file that is being sent: hashed on the way, kept only if it is what it says it is."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.disk import synchronise

MOST_BYTES = 1 << 40
"""Bytes of one file."""


class Receiver:
    """A file that is being taken in: written beside its place, hashed on the way, kept only if it is right."""

    def __init__(self, target: Path, sha256: str, size: int | None) -> None:
        self._target = target
        self._sha256 = sha256
        self._part = target.with_name(f".{sha256[:8]}.{secrets.token_hex(8)}")
        self._hashed = hashlib.sha256()
        self._left = min(size if size is not None else MOST_BYTES, MOST_BYTES)
        if size is not None and size > MOST_BYTES:
            raise _too_large()
        if size is not None and size > shutil.disk_usage(target.parent).free:
            raise OSError(errno.ENOSPC, "no space left")
        self._file = self._part.open("xb")

    def write(self, part: bytes) -> None:
        """Take in the next part.

        Raises:
            LapisError: RequestTooLarge when more comes than was announced.
        """
        self._left -= len(part)
        if self._left < 0:
            raise _too_large()
        self._hashed.update(part)
        self._file.write(part)

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._file:
                if kind is None:
                    self._check()
                    self._file.flush()
                    os.fsync(self._file.fileno())
            if kind is None:
                self._part.replace(self._target)
                synchronise(self._target.parent)
        finally:
            self._part.unlink(missing_ok=True)

    def _check(self) -> None:
        if self._hashed.hexdigest() != self._sha256:
            sentence = "The content received has another SHA-256 than its address says."
            raise LapisError(ErrorCode.INTEGRITY, sentence, "Send the file again.")


def _too_large() -> LapisError:
    return LapisError(ErrorCode.REQUEST_TOO_LARGE, f"More came than was announced, or than {MOST_BYTES} bytes.")
