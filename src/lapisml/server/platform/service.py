"""Background work of the server: something that starts and stops."""

from __future__ import annotations

from typing import Protocol


class BackgroundService(Protocol):
    """Runs in threads of its own between `start` and `stop`."""

    def start(self) -> None:
        """Begin; returns at once."""
        ...

    def stop(self) -> None:
        """End within a second; whatever is half done is taken up again after the next start."""
        ...
