"""The gateway as the server sees it: a process of its own that has to run while there are endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lapisml.core.clock import Clock
from lapisml.ports import serving
from lapisml.ports.serving import GatewayRecord, Places
from lapisml.server.platform.processes import ProcessIdentity

_STARTS_WITHIN_MS = 5_000
"""A gateway that is not there yet is no trouble before this time, milliseconds."""


class Gateway(Protocol):
    """Starts the gateway, finds it again, and says where it is."""

    def keep(self) -> None:
        """See from now on that there is one; returns without waiting, and may be called again."""
        ...

    def record(self) -> GatewayRecord | None:
        """Return what the living gateway says of itself; None when none lives."""
        ...

    def trouble(self) -> str:
        """Say why there is none; empty when there is one."""
        ...

    def close(self) -> None:
        """Look after it no longer; it goes on by itself."""
        ...

    def end(self) -> None:
        """Look after it no longer, and end it."""
        ...


class GatewayWatch:
    """Has a gateway run while there are endpoints.

    Args:
        places: where a gateway that runs says so.
        make: makes what starts it; called when the first endpoint is there, since it loads more than an idle server
            needs.
    """

    def __init__(self, clock: Clock, places: Places, make: Callable[[], Gateway]) -> None:
        self._clock = clock
        self._places = places
        self._make = make
        self._gateway: Gateway | None = None
        self._since: int | None = None

    def look(self) -> tuple[str | None, str | None]:
        """See that it runs.

        Returns:
            Its address for clients, None while it does not run; and why not, when it should by now.
        """
        if self._gateway is None:
            self._gateway = self._make()
            self._gateway.keep()
        found = self._gateway.record()
        if found is not None:
            self._since = None
            return found.url.rstrip("/"), None
        now = self._clock.now_ms()
        self._since = self._since or now
        return None, self._gateway.trouble() or None if now - self._since > _STARTS_WITHIN_MS else None

    def rest(self) -> None:
        """End the gateway that no endpoint needs any more, also one that an earlier server started."""
        if self._gateway is None and self._is_alive():
            self._gateway = self._make()
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            gateway.end()

    def _is_alive(self) -> bool:
        found = serving.read(GatewayRecord, self._places.gateway)
        return found is not None and ProcessIdentity(found.pid, found.boot_id, found.start_ticks).is_running()

    def record(self) -> GatewayRecord | None:
        """Return what the living gateway says of itself; None when none lives, or none is needed."""
        return self._gateway.record() if self._gateway is not None else None

    def start(self) -> None:
        """Do nothing: the first endpoint starts it."""

    def stop(self) -> None:
        """Look after it no longer; it goes on by itself."""
        if self._gateway is not None:
            self._gateway.close()
