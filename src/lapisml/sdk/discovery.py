"""Where the server is and which token it takes: environment first, else what the server left in its home."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lapisml.core.errors import ErrorCode, LapisError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Address:
    """A server's base address (no slash at the end) and the bearer token for it."""

    url: str
    token: str


@dataclass(frozen=True)
class ServerRecord:
    """What a running server writes to ``<home>/run/server.json``.

    Attributes:
        url: base address.
        pid, boot_id, start_ticks: the process, so that a reused pid is not taken for it (proc(5) field 22).
        raw: the record as it was read.
    """

    url: str
    pid: int
    boot_id: str | None
    start_ticks: int | None
    raw: dict[str, Any]

    def is_alive(self) -> bool:
        """Say whether this very process still runs."""
        if self.boot_id is not None and _boot_id() not in (None, self.boot_id):
            return False
        ticks = process_start(self.pid)
        if ticks is None:
            return not Path("/proc/self/stat").exists() and _signalable(self.pid)
        return self.start_ticks in (None, ticks)


def home_folder() -> Path:
    """Return LAPIS_HOME, or ``~/.lapis``."""
    chosen = os.environ.get("LAPIS_HOME")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".lapis"


def server_record(home: Path) -> ServerRecord | None:
    """Read the record of the server over `home`; None when there is none or it is not whole."""
    try:
        raw = json.loads((home / "run" / "server.json").read_bytes())
        return ServerRecord(
            str(raw["url"]).rstrip("/"), int(raw["pid"]), raw.get("boot_id"), raw.get("start_ticks"), raw
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_token(home: Path) -> str | None:
    """Read the owner's token of `home`; None before the first start."""
    try:
        return (home / "token").read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def environment_address(home: Path, url: str | None = None, token: str | None = None) -> Address | None:
    """Return the address that `url` or LAPIS_URL names, None when neither is given.

    The token is `token` or LAPIS_TOKEN; the token kept in `home` is sent to a loopback address only.

    Raises:
        LapisError: Usage, when the address is not http(s); Unauthenticated, when there is no token.
    """
    named = (url or os.environ.get("LAPIS_URL", "")).strip().rstrip("/")
    if not named:
        return None
    parts = urlsplit(named)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LapisError(
            ErrorCode.USAGE,
            f"'{named}' is no address of a server; it looks like http://127.0.0.1:8787 or https://host.",
        )
    known = token or os.environ.get("LAPIS_TOKEN") or (read_token(home) if parts.hostname in LOOPBACK else None)
    if not known:
        hint = "Set LAPIS_TOKEN to the token that `lapis auth token` prints on the server's machine."
        raise LapisError(ErrorCode.UNAUTHENTICATED, f"There is no token for {named}.", hint)
    return Address(named, known)


def local_address(home: Path) -> Address | None:
    """Return the address of the server that runs over `home`, None when none runs."""
    record = server_record(home)
    if record is None or not record.is_alive():
        return None
    token = os.environ.get("LAPIS_TOKEN") or read_token(home)
    return Address(record.url, token) if token else None


def process_start(pid: int) -> int | None:
    """Return when `pid` started in clock ticks since boot; None when it does not run (a zombie does not)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _signalable(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
