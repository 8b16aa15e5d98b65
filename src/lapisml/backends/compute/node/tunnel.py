"""The way from the node to the server: a port on the node whose connections go through the link.

Whoever on the node wants the server reads its address from ``run/server.json`` at each try. Where the nodes reach the
server by themselves (``server_url:`` in the compute's document) that address stands there and nothing listens here.
A connection gives nobody a right: the server asks for a token on every one.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lapisml.backends.compute.node.streams import Streams, join
from lapisml.runner import durable

_ANSWERS_WITHIN_S = 2.0
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Tunnel:
    """Listens on the node.

    Args:
        root: the agent's folder.
    """

    def __init__(self, root: Path) -> None:
        self.server_file = root / "run" / "server.json"
        self._certificate = root / "run" / "server.pem"
        self._streams: Streams | None = None
        self._server: asyncio.Server | None = None
        self._host = ""
        self._record: dict[str, Any] | None = None
        self._shown: str | None = None

    def use(self, streams: Streams | None) -> None:
        """Let new connections go through this link; None: they are refused until there is one again."""
        self._streams = streams

    async def start(self, asked: dict[str, Any]) -> str:
        """Listen where need be, write down where the server is reached, and return that address.

        Args:
            asked: the greeting: ``server_url`` (None without a direct way), ``scheme``, ``certificate`` (PEM or None),
                ``host`` (what the server calls itself), ``listen`` (address to listen on), ``advertise`` (the name by
                which others reach it, None: the same).
        """
        direct = asked.get("server_url")
        if direct is None:
            port = await self._listen(str(asked.get("listen") or "127.0.0.1"))
            name = asked.get("advertise") or (platform.node() if self._host in _EVERYWHERE else self._host)
            url = f"{asked.get('scheme') or 'http'}://{f'[{name}]' if ':' in name else name}:{port}"
        else:
            await self.close()
            url = str(direct)
        record: dict[str, Any] = {"url": url}
        if direct is None and asked.get("host"):
            record["host"] = asked["host"]
        if asked.get("certificate"):
            record["tls_cert"] = str(self._certificate)
        self._record, self._shown = record, asked.get("certificate")
        if durable.read_json(str(self.server_file)) != record or self._shown:
            self._write_down()
        return url

    async def renew(self) -> None:
        """Write this way down again where another agent's, which stands there, leads nowhere any more."""
        known = durable.read_json(str(self.server_file))
        if self._record is None or known == self._record or (isinstance(known, dict) and await _leads(known)):
            return
        self._write_down()

    def _write_down(self) -> None:
        """Write down where the server is; on a full disk `renew` does it later, and jobs that want the server wait."""
        try:
            if self._shown:
                self._certificate.write_text(self._shown, encoding="ascii")
            durable.write_json(str(self.server_file), self._record)
        except OSError as error:
            if not durable.is_full(error):
                raise

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _listen(self, host: str) -> int:
        if self._server is not None and self._host == host:
            return int(self._server.sockets[0].getsockname()[1])
        await self.close()
        self._host = host
        try:
            self._server = await asyncio.start_server(self._accept, host, self._last_port())
        except OSError:
            self._server = await asyncio.start_server(self._accept, host, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def _last_port(self) -> int:
        """Return the port of the agent before this one: what knows it goes on without looking."""
        known = durable.read_json(str(self.server_file))
        with contextlib.suppress(TypeError, KeyError, ValueError):
            return urlsplit(str(known["url"])).port or 0
        return 0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        streams = self._streams
        if streams is None:
            writer.close()
            return
        stream = await streams.open()
        try:
            await join(stream, reader, writer)
        finally:
            streams.forget(stream)


async def _leads(record: dict[str, Any]) -> bool:
    """Say whether somebody listens at an address that was written down."""
    url = urlsplit(str(record.get("url")))
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            _reader, writer = await asyncio.open_connection(url.hostname, url.port or 80)
    except (OSError, ValueError, TimeoutError):
        return False
    writer.close()
    return True
