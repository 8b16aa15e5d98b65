"""A server that answers at once what it was told to: what remains is the client's own time.

``python -m bench.floor_server FOLDER`` prints its port. An answer is the file of FOLDER whose name is the last
part of the request's path, or ``{}``; a page of history asks for ``get-history``, later pages for
``get-history.<page token>``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import uvloop


class Floor(asyncio.Protocol):
    """One connection; requests come one after the other, as the client sends them."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark or len(rest) < _length(head):
            return
        self._buffer = rest[_length(head) :]
        target = urlsplit(head.split(b" ", 2)[1].decode())
        name = target.path.rsplit("/", 1)[-1]
        token = parse_qs(target.query).get("page_token", [""])[0]
        body = self._answers.get(f"{name}.{token}" if token else name, b"{}")
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def serve(folder: Path) -> None:
    answers = {file.name: file.read_bytes() for file in folder.iterdir()}
    server = await asyncio.get_running_loop().create_server(lambda: Floor(answers), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
