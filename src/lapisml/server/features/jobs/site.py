"""The right to act: one server at a time follows the jobs of one LAPIS_HOME, and those of one attached compute."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from lapisml.server.platform.leases import Lease, LeaseLostError, Leases

COMPOSITES = "composites"
"""The site of pipelines and sweeps, which run nowhere: one of the servers drives them all, whichever it is."""


class SiteLease:
    """A lease on everything that runs under one home.

    Args:
        site: lasting name of the installation; `COMPOSITES` for what belongs to none.
        share: what of it the lease is about, where not about its jobs.
        resource: what the lease is about, where it is not about an installation.
    """

    def __init__(self, leases: Leases, site: str, share: str | None = None, resource: str | None = None) -> None:
        self._leases = leases
        self._resource = resource or (f"site:{site}" if share is None else f"site:{site}:{share}")
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self.site = site

    @property
    def term(self) -> int | None:
        """A number that differs for each time that the lease was claimed; None while it is not held."""
        lease = self._lease
        return None if lease is None else lease.token

    def hold(self) -> bool:
        """Renew the lease, or claim it; False while another server holds it."""
        with self._lock:
            if self._lease is not None and self._leases.renew(self._lease):
                return True
            self._lease = self._leases.claim(self._resource)
            return self._lease is not None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a write transaction in which the lease is held for certain.

        Raises:
            LeaseLostError: it is not; nothing is written.
        """
        lease = self._lease
        if lease is None:
            raise LeaseLostError(self.site)
        with self._leases.applying(lease) as connection:
            yield connection

    def release(self) -> None:
        """Give the lease back, so that a successor need not wait."""
        with self._lock:
            if self._lease is not None:
                self._leases.release(self._lease)
                self._lease = None
