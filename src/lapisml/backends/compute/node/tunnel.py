"""The way from the node to the server: a port on the node whose connections go through the link.

Whoever on the node wants the server reads its address from ``run/server.json`` at each try. Where the nodes reach the
server by themselves (``server_url:`` in the compute's document) that address stands there and nothing listens here.
A connection gives nobody a right: the server asks for a token on every one. Where others than this machine's own jobs
could come (`door`) it speaks TLS, and only with those who show the certificate that lies beside ``server.json``, which
nobody but its owner can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lapisml.backends.compute.node.streams import Streams, join
from lapisml.runner import durable

_ANSWERS_WITHIN_S = 2.0
_SHAKEN_WITHIN_S = 10.0
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
                which others reach it, None: the same), ``door`` (certificate and key for one that others could reach,
                PEM or None; the first that a folder was given stays).

        Raises:
            OSError: there is no such address here.
        """
        direct = asked.get("server_url")
        record: dict[str, Any] = {}
        if direct is None:
            scheme, files = asked.get("scheme") or "http", {}
            if asked.get("door"):
                scheme, door = "https", self._own_door(str(asked["door"]))
                files = {"tls_cert": door, "tls_client": door}
            port = await self._listen(str(asked.get("listen") or "127.0.0.1"), files.get("tls_cert"))
            name = asked.get("advertise") or (platform.node() if self._host in _EVERYWHERE else self._host)
            record = {"url": f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}", **files}
            if asked.get("host"):
                record["host"] = asked["host"]
        else:
            await self.close()
            record["url"] = str(direct)
        shown = asked.get("certificate") if "tls_client" not in record else None
        if shown:
            record["tls_cert"] = str(self._certificate)
        self._record, self._shown = record, shown
        if durable.read_json(str(self.server_file)) != record or shown:
            self._write_down()
        return str(record["url"])

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

    @property
    def last_host(self) -> str:
        """The host that stands in ``server.json``; empty when there is none."""
        known = durable.read_json(str(self.server_file))
        with contextlib.suppress(TypeError, KeyError, ValueError):
            return urlsplit(str(known["url"])).hostname or ""
        return ""

    async def _listen(self, host: str, door: str | None) -> int:
        if self._server is not None and self._host == host:
            return int(self._server.sockets[0].getsockname()[1])
        await self.close()
        options: dict[str, Any] = _guarded(door) if door is not None else {}
        places = [(host, self._last_port()), (host, 0)]
        if door is not None:  # the address that others know may be that of a device before this machine
            places.append((_EVERYWHERE[0], 0))
        self._host = host
        while self._server is None:
            place, port = places.pop(0)
            try:
                self._server = await asyncio.start_server(self._accept, place, port, **options)
            except OSError:
                if not places:
                    raise
        return int(self._server.sockets[0].getsockname()[1])

    def _own_door(self, pem: str) -> str:
        """Return the file with the folder's certificate and key: what is there, or else what was given."""
        path = self.server_file.with_name("door.pem")
        if not path.exists():
            new = path.with_name(f"door.{secrets.token_hex(4)}.new")
            new.touch(0o600)
            new.write_text(pem, encoding="ascii")
            with contextlib.suppress(FileExistsError):  # another agent of this folder was first
                path.hardlink_to(new)
            new.unlink()
        return str(path)

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


def _guarded(door: str) -> dict[str, Any]:
    """Return what has a listener speak with those alone who show the same certificate as it."""
    import ssl  # most agents listen on loopback, in the clear

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(door)
    context.load_verify_locations(door)
    context.verify_mode = ssl.CERT_REQUIRED
    return {"ssl": context, "ssl_handshake_timeout": _SHAKEN_WITHIN_S}


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
