"""The agent: the one program on a node; started by `lapisml.backends.compute.node.boot`.

It trusts nobody but its own stdin. Jobs do not need it: it starts them, reads what they wrote and tells of news; each
has its own supervisor. When the server goes away its stdin closes and it ends; the next one finds every job again.
"""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node import engine, wire
from lapisml.backends.compute.node.news import News
from lapisml.backends.compute.node.service import Service
from lapisml.backends.compute.node.tidying import Tidying, set_days
from lapisml.backends.compute.node.tunnel import Tunnel
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ComputeBackend
from lapisml.runner import durable, processes

_LARGEST_LOG = 1 << 20
_QUIET_S = 90.0
_LOOK_EVERY_S = 5.0


class Agent:
    """Serves one connection after the other; what was made for one is there for the next.

    Args:
        root: the agent's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: tuple[Any, ComputeBackend, Service] | None = None
        self._connection: wire.Connection | None = None
        self._news = News(root, self._tell)
        self._tunnel = Tunnel(root)
        self._tidying = Tidying(root)
        self._greeting = asyncio.Lock()

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection to its end.

        Raises:
            WireError: it broke, or what came is not the protocol.
        """
        greeted = False
        guards: list[asyncio.Future[None]] = []

        async def handle(verb: str, body: Any, tail: bytes) -> tuple[Any, bytes]:
            nonlocal greeted
            if verb == "hello":
                async with self._greeting:
                    given = await self._greet(body)
                if not greeted:
                    guards.append(asyncio.ensure_future(self._guard(connection, float(body.get("quiet") or _QUIET_S))))
                greeted = True
                self._connection = connection
                self._tunnel.use(connection.streams)
                return given, b""
            if not greeted or self._made is None:
                raise LapisError(ErrorCode.CONFLICT, "The agent has not been greeted.")
            return await self._made[2].handle(verb, body, tail)

        connection = wire.Connection(reader, writer, handle)
        try:
            await connection.run()
        finally:
            for guard in guards:
                guard.cancel()
            if self._connection is connection:
                self._connection = None
                self._tunnel.use(None)
            await connection.close()

    async def _guard(self, connection: wire.Connection, quiet_s: float) -> None:
        """Close a connection on which nobody is any more, and be there where another agent of this folder ended."""
        while time.monotonic() - connection.alive_at < quiet_s:
            self._tidying.look()
            if self._made is not None:
                self._tell(await asyncio.to_thread(self._made[2].stirring.look))
            await asyncio.sleep(min(_LOOK_EVERY_S, quiet_s / 4))
            self._news.renew()
            await self._tunnel.renew()
        await connection.close()

    async def close(self) -> None:
        """End; jobs go on."""
        self._news.close()
        await self._tunnel.close()
        if self._made is not None:
            self._made[2].close()
            self._made = None

    async def _greet(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("version") != wire.VERSION:
            sentence = f"The agent speaks version {wire.VERSION} of the protocol, the server {asked.get('version')}."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
        self._belong(str(asked["label"]))
        set_days(self._root, asked.get("keep_days"))
        os.environ.update(_variables(asked.get("environment") or {}))
        wanted = (asked["engine"], asked.get("options") or {})
        if self._made is None or self._made[0] != wanted:
            if self._made is not None:
                self._made[2].close()
            backend = await asyncio.to_thread(engine.make, str(wanted[0]), self._root, wanted[1])
            loop = asyncio.get_running_loop()

            def tell(job: str) -> None:
                loop.call_soon_threadsafe(self._tell, [job])

            engine.listen(backend, tell)
            self._made = (wanted, backend, Service(backend, self._root))
        self._news.start()
        url = await self._tunnel.start({**asked, "listen": await self._address(asked)})
        return {
            "version": wire.VERSION,
            "node": _own_name(self._root),
            "root": str(self._root),
            "wake_socket": self._news.path,
            "server_file": str(self._tunnel.server_file),
            "server_url": url,
            "boot_id": processes.boot_id(),
            "host": platform.node(),
            "python": platform.python_version(),
            "interpreter": sys.executable,
            "pid": os.getpid(),
            "now": time.time_ns() // 1_000_000,
        }

    async def _address(self, asked: dict[str, Any]) -> str:
        """Return the address to listen on: what was asked for, or what the engine's nodes reach."""
        known = asked.get("listen")
        if known or asked.get("server_url"):
            return str(known or "")
        assert self._made is not None
        found = await asyncio.to_thread(engine.address, self._made[1])
        return found or self._tunnel.last_host or engine.own_address()

    def _belong(self, label: str) -> None:
        """Have the folder belong to one installation only."""
        path = self._root / "run" / "label.json"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = durable.read_json(str(path))
        if owner is None:
            durable.write_json(str(path), label)
        elif owner != label:
            sentence = f"Folder {self._root} on {platform.node()} belongs to another installation of Lapis."
            raise LapisError(ErrorCode.CONFLICT, sentence, "Give this compute a `root:` of its own.")

    def _tell(self, jobs: list[str]) -> None:
        connection = self._connection
        if connection is not None and jobs:
            connection.tell_soon({"news": jobs})


def _own_name(root: Path) -> str:
    """Return what this folder calls itself: random, made once, the same under whatever address it is reached."""
    path = root / "run" / "node.json"
    name = durable.read_json(str(path))
    if not isinstance(name, str):
        name = secrets.token_hex(8)
        durable.write_json(str(path), name, sync=True)
    return name


def _variables(asked: dict[str, Any]) -> dict[str, str]:
    """Return the variables that the compute's document sets for all that runs on the node."""
    return {str(name): str(value) for name, value in asked.items() if name and "=" not in name and "\0" not in name}


def main() -> None:
    """Serve on stdin and stdout; arguments: where the sources are, and the agent's folder."""
    root = Path(sys.argv[2])
    asyncio.run(_on_streams(root))


async def _on_streams(root: Path) -> None:
    reader, writer = await _own_streams(root)
    agent = Agent(root)
    try:
        await agent.attend(reader, writer)
    except wire.WireError as error:
        sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {error}\n")
    finally:
        await agent.close()
    sys.stderr.flush()
    os._exit(0)  # a thread that waits for something slow does not keep the agent


async def _own_streams(root: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Take stdin and stdout for the protocol; what anybody prints from now on goes to the agent's log."""
    asks, answers = os.dup(0), os.dup(1)
    log = root / "run" / "agent.log"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        flags |= os.O_TRUNC
    nothing, errors = os.open(os.devnull, os.O_RDWR), os.open(log, flags, 0o600)
    for source, target in ((nothing, 0), (errors, 1), (errors, 2)):
        os.dup2(source, target)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=wire.LARGEST_TAIL)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(asks, "rb", 0))
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(answers, "wb", 0))
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
