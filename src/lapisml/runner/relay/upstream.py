"""The real tracking server, seen from the relay: where it is now, and requests to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lapisml.runner import tls
from lapisml.runner.relay.http1 import Channel, Headers, Message, ProtocolError, chunk, end_to_end, render_head

_CONNECT_TIMEOUT_S = 5.0
_IDLE_KEPT = 4


class ServerAwayError(Exception):
    """The server can't be reached now, or went away before it answered."""


class Exchange:
    """One request that has been answered: the response's head, and its body to be read.

    Attributes:
        response: the head.
    """

    def __init__(self, upstream: Upstream, link: _Link, response: Message) -> None:
        self._upstream = upstream
        self._link = link
        self.response = response
        self._is_read = False

    async def body(self) -> AsyncIterator[bytes]:
        """Give the body."""
        async for data in self._link.channel.body():
            yield data
        self._is_read = True

    async def read(self) -> bytes:
        """Return the whole body and give the connection back."""
        try:
            return b"".join([data async for data in self.body()])
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back when it may be used again, close it otherwise."""
        self._upstream.give_back(self._link, self._is_read and self.response.keep_alive)


class Upstream:
    """Makes requests to the server that the server file names at the time.

    Args:
        server_file: JSON file with the server's ``url``; where they are needed, the ``host`` it answers to,
            ``tls_cert`` (its certificate's file) and ``tls_client`` (that of the certificate to show).
    """

    def __init__(self, server_file: str) -> None:
        self._server_file = Path(server_file)
        self._idle: list[_Link] = []

    async def send(
        self, method: bytes, target: bytes, headers: Headers, body: bytes | AsyncIterator[bytes]
    ) -> Exchange:
        """Make a request.

        Args:
            method, target: as on the wire.
            headers: to be passed on; those of the connection are made anew.
            body: whole, or in pieces of unknown number.

        Raises:
            ServerAwayError: no answer; the request may or may not have been taken in.
        """
        while True:
            link = await self._link()
            try:
                return await self._exchange(link, method, target, headers, body)
            except (OSError, ProtocolError) as error:
                link.close()
                if not (link.is_used and isinstance(body, bytes)):
                    raise ServerAwayError(str(error)) from error

    def give_back(self, link: _Link, is_usable: bool) -> None:
        """Keep a connection for the next request, or close it."""
        if is_usable and len(self._idle) < _IDLE_KEPT and not link.channel.is_closed:
            link.is_used = True
            self._idle.append(link)
        else:
            link.close()

    async def _exchange(
        self, link: _Link, method: bytes, target: bytes, headers: Headers, body: bytes | AsyncIterator[bytes]
    ) -> Exchange:
        sent = [(b"host", link.host), *end_to_end(headers, b"host", b"content-length")]
        first = method + b" " + link.prefix + target + b" HTTP/1.1"
        if isinstance(body, bytes):
            if body or method not in (b"GET", b"HEAD", b"DELETE"):
                sent.append((b"content-length", b"%d" % len(body)))
            link.writer.write(render_head(first, sent) + body)
            await link.writer.drain()
        else:
            await _send_pieces(link, first, sent, headers, body)
        response = await link.channel.head(has_no_body=method == b"HEAD")
        if response is None:
            raise ProtocolError("closed without an answer")
        return Exchange(self, link, response)

    async def _link(self) -> _Link:
        while self._idle:
            link = self._idle.pop()
            if not link.channel.is_closed:
                return link
            link.close()
        url, context, host = self._address()
        port = url.port or (443 if context else 80)
        try:
            opened = asyncio.open_connection(url.hostname, port, ssl=context)
            reader, writer = await asyncio.wait_for(opened, _CONNECT_TIMEOUT_S)
        except (OSError, TimeoutError) as error:
            raise ServerAwayError(f"{url.netloc}: {error}") from error
        return _Link(reader, writer, host.encode(), url.path.rstrip("/").encode())

    def _address(self) -> tuple[SplitResult, Any, str]:
        """Return where the server is, the TLS context where it speaks TLS, and the name it answers to."""
        try:
            record = json.loads(self._server_file.read_bytes())
            url = urlsplit(record["url"])
        except (OSError, ValueError, KeyError) as error:
            raise ServerAwayError("no server has said where it is") from error
        if url.hostname is None or url.scheme not in ("http", "https"):
            raise ServerAwayError(f"the server file names no http address: {url.geturl()}")
        host = str(record.get("host") or url.netloc)
        return url, _tls(record) if url.scheme == "https" else None, host


class _Link:
    """A connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: bytes, prefix: bytes) -> None:
        self.channel = Channel(reader, is_server=False)
        self.writer = writer
        self.host = host
        self.prefix = prefix
        self.is_used = False

    def close(self) -> None:
        self.writer.close()


def _tls(record: dict[str, Any]) -> Any:
    try:
        return tls.context(record.get("tls_cert"), record.get("tls_client"))
    except OSError as error:
        raise ServerAwayError(f"its certificate can't be read: {error}") from error


async def _send_pieces(link: _Link, first: bytes, sent: Headers, headers: Headers, body: AsyncIterator[bytes]) -> None:
    """Send a body that streams: with its length when the client gave one, else in chunks."""
    length = next((value for name, value in headers if name == b"content-length"), None)
    sent.append((b"content-length", length) if length is not None else (b"transfer-encoding", b"chunked"))
    link.writer.write(render_head(first, sent))
    async for data in body:
        link.writer.write(data if length is not None else chunk(data))
        await link.writer.drain()
    if length is None:
        link.writer.write(chunk(b""))
    await link.writer.drain()
