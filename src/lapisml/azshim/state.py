"""What ``az`` remembers between two commands: the chosen subscription, its configuration, groups, role assignments."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILE = "az.json"


class State:
    """The file ``<home>/az.json``. It holds no secret.

    Args:
        home: LAPIS_HOME.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / FILE

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self._path

    def read(self) -> dict[str, Any]:
        """Give what is remembered; empty before the first change, or when the file is damaged."""
        try:
            loaded = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return loaded if isinstance(loaded, dict) else {}

    @contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """Give what is remembered to be changed in place; it is written when the block ends without an error.

        Of several processes that do so at once, each sees what the one before wrote.
        """
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._home / f"{FILE}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.read()
            yield found
            part = self._path.with_name(f"{FILE}.{os.getpid()}")
            part.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
            part.replace(self._path)
