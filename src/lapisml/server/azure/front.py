"""The address that clients of Azure are pointed to, and when it is open.

They want TLS. A server whose own address has it is reached there. Any other one opens a second address for them, on
a port of its own, with a certificate of the home's authority: when somebody asks for it the first time
(``lapis azure env``), and from then on at every start.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from urllib.parse import urlsplit

from lapisml.core.clock import Clock
from lapisml.server.azure.certificates import Certificates
from lapisml.server.platform.listening import bind
from lapisml.server.platform.web import Opening, SideDoor
from lapisml.server.settings import Settings

DEFAULT_PORT = 8801
_HINT = "Choose another with LAPIS_AZURE_PORT."

log = logging.getLogger("lapisml.server")


class AzureFront:
    """Opens the address.

    Args:
        url: the server's own public address, without a slash at its end.
    """

    def __init__(self, settings: Settings, url: str, clock: Clock) -> None:
        self._settings = settings
        self._url = url
        self._folder = settings.home / "azure"
        self._certificates = Certificates(self._folder, _names(settings, url), clock)
        self._lock = threading.Lock()
        self._port: int | None = None
        self.side_door = SideDoor(self._at_start)

    @property
    def has_own_tls(self) -> bool:
        """Say whether the server's own address has TLS, so that no second one is needed."""
        return self._url.startswith("https://")

    def address(self) -> str | None:
        """Give the address, without a slash at its end; None while it is closed."""
        if self.has_own_tls:
            return self._url
        return None if self._port is None else f"https://{self._host()}:{self._port}"

    def open(self) -> str:
        """Open the address unless it is, and give it.

        Raises:
            LapisError: Usage when there is no port to be had.
        """
        with self._lock:
            if self.address() is None:
                opening = self._opening()
                self.side_door.open(opening)
                self._note(opening)
        return self.address() or ""

    def authority(self) -> str:
        """Give what a client has to trust, PEM; empty when that is the system's business."""
        file = self._settings.tls_cert if self.has_own_tls else self._certificates.authority
        return "" if file is None else Path(file).read_text(encoding="ascii")

    def _at_start(self) -> Opening | None:
        if self.has_own_tls or not self._certificates.exist():
            return None
        opening = self._opening()
        self._note(opening)
        return opening

    def _opening(self) -> Opening:
        tls = self._certificates.ensure()
        settings = self._settings
        return Opening(bind(settings.host, settings.azure_port, self._folder / "port", DEFAULT_PORT, _HINT), tls)

    def _note(self, opening: Opening) -> None:
        self._port = opening.listener.getsockname()[1]
        log.info("azure.open at %s", self.address())

    def _host(self) -> str:
        host = urlsplit(self._url).hostname or "127.0.0.1"
        return f"[{host}]" if ":" in host else host


def _names(settings: Settings, url: str) -> tuple[str, ...]:
    """Give the names that the certificate must hold besides the loopback ones."""
    named = (settings.host, *settings.allowed_hosts, urlsplit(url).hostname or "")
    return tuple(name for name in named if name not in ("", "0.0.0.0", "::"))  # noqa: S104
