"""The server's log: one line an event, a stable action name first, credentials masked.

A message begins with its action name (``server.ready``, ``request.failed``); what follows may change from
release to release, the names do not.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from lapisml.server.platform.vault import redact

_FILE_BYTES = 10 * 2**20
_FILES_KEPT = 5


class RedactingFormatter(logging.Formatter):
    """``2026-01-01T12:00:00.123Z INFO lapisml.server action …`` with credentials masked, tracebacks included."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002
        """Write the time in UTC with milliseconds."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        return redact(super().format(record))


def configure_logging(level: str, file: Path | None) -> None:
    """Send every log record of the process to `file` (rotated), or to standard error when it is None.

    Args:
        level: ``debug``, ``info``, ``warning``, ``error``.
        file: its folder must exist.
    """
    handler: logging.Handler = logging.StreamHandler()
    if file is not None:
        handler = RotatingFileHandler(file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8")
        file.chmod(0o600)
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for talkative in ("httpx", "urllib3", "fsspec", "botocore", "azure", "s3fs", "aiobotocore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
