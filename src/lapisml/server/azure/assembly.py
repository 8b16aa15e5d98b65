"""Joins the surfaces for clients of Azure, which are made at their first request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyio import to_thread

from lapisml.server.platform.auth import AsgiApp, Receive, Scope, Send
from lapisml.server.platform.errors import ErrorForm
from lapisml.server.platform.mounts import first_word
from lapisml.server.surfaces.azure.words import OPEN_WORDS, WORDS

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices

__all__ = ["BLOB_ENDING", "OPEN_WORDS", "AzureSurfaces", "LateApp"]

BLOB_ENDING = ".blob.lapis"
"""How the first word of every blob's address ends; its surface checks signatures and tokens by itself."""


class LateApp:
    """An application that is made when its first request comes.

    Args:
        make: makes it; called once, in a thread.
    """

    def __init__(self, make: Callable[[], AsgiApp]) -> None:
        self._make = make
        self._made: AsgiApp | None = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._made if self._made is not None else await to_thread.run_sync(self._get)
        await app(scope, receive, send)

    def _get(self) -> AsgiApp:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


class AzureSurfaces:
    """Knows which paths belong to clients of Azure.

    Args:
        services: gives what the surfaces work with; called at the first request.
    """

    def __init__(self, services: Callable[[], AzureServices]) -> None:
        self._services = services
        self._closers: list[Callable[[], None]] = []
        self._arm = LateApp(self._make_arm)
        self._blob = LateApp(self._make_blob)

    def close(self) -> None:
        """End what the surfaces started."""
        for close in self._closers:
            close()

    def find(self, word: str) -> AsgiApp | None:
        """Give the application of a path's first word; None when it is none of ours."""
        word = word.lower()
        return self._arm if word in WORDS else self._blob if word.endswith(BLOB_ENDING) else None

    def form_of(self, path: str) -> ErrorForm | None:
        """Give the form of errors at a path."""
        word = first_word(path).lower()
        if word.endswith(BLOB_ENDING):
            from lapisml.server.surfaces.blob import errors as blob_errors

            return ErrorForm(blob_errors.render_error, blob_errors.error_status, blob_errors.error_headers)
        if word not in WORDS:
            return None
        from lapisml.server.surfaces.azure.errors import error_status, render_error

        return ErrorForm(render_error, error_status)

    def _make_arm(self) -> AsgiApp:
        from lapisml.server.surfaces.azure.surface import AzureSurface

        surface = AzureSurface(self._services())
        self._closers.append(surface.close)
        return surface

    def _make_blob(self) -> AsgiApp:
        from lapisml.server.surfaces.blob.surface import BlobSurface

        s = self._services()
        surface = BlobSurface(s.workspaces, s.datastores, s.storage, s.pending, s.signer, s.identity, s.clock)
        self._closers.append(surface.close)
        return surface
