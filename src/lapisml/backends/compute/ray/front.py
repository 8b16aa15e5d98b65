"""The front: the one driver of Lapis on a Ray cluster, started through Ray's job API (`package.BOOT`).

It listens on the head and serves whoever shows the installation's own certificate. Jobs do not need it; another
front over the same folder finds every job again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import platform
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import ray

from lapisml.backends.compute.node import wire
from lapisml.backends.compute.node.agent import Agent
from lapisml.backends.compute.ray.package import MARK
from lapisml.backends.compute.ray.records import Records

_OTHER_ENDS_WITHIN_S = 20.0
_LOOK_EVERY_S = 60.0
_LINE_LIMIT = wire.LARGEST_TAIL


def main() -> None:
    """Serve until this job is stopped; arguments: sources, Lapis's folder, the unpacked package."""
    root, package = Path(sys.argv[2]), Path(sys.argv[3])
    settings = json.loads((package / "settings.json").read_bytes())
    try:
        _held = _sole(root)
        ray.init(
            address=os.environ.get("RAY_ADDRESS") or "auto",
            namespace=settings["namespace"],
            log_to_driver=False,
            configure_logging=False,
        )
        context, port = _server_context(package / "identity.pem"), int(settings.get("port") or 0)
        asyncio.run(_serve(root, context, port, float(settings["leaves_after_s"])))
    except (OSError, RuntimeError, ConnectionError) as error:
        _say(refused=f"The front can't start on the cluster's head: {error}.")


class FrontAgent(Agent):
    """An agent whose way back to the server is found by the head's address."""

    async def _greet(self, asked: dict[str, Any]) -> dict[str, Any]:
        address = ray.util.get_node_ip_address()
        return await super()._greet({**asked, "listen": address, "advertise": address})

    @property
    def is_connected(self) -> bool:
        """Whether a server is there."""
        return self._connection is not None


async def _serve(root: Path, context: ssl.SSLContext, port: int, leaves_after_s: float) -> None:
    """Serve until no server was there, and no job, for so long: a compute that was detached leaves nothing behind."""
    agent = FrontAgent(root)

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await agent.attend(reader, writer)
        except (wire.WireError, OSError) as error:
            sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {error}\n")
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    server = await asyncio.start_server(attend, sock=_listening(port), ssl=context, limit=_LINE_LIMIT)
    _say(
        port=server.sockets[0].getsockname()[1],
        address=ray.util.get_node_ip_address(),
        ray=ray.__version__,
        python=platform.python_version(),
    )
    alone_since = time.monotonic()
    async with server:
        while time.monotonic() - alone_since < leaves_after_s:
            await asyncio.sleep(min(_LOOK_EVERY_S, leaves_after_s / 4))
            if agent.is_connected or any(not record.has_ended for record in Records(root).read()):
                alone_since = time.monotonic()
    await agent.close()


def _listening(port: int) -> socket.socket:
    """Listen on every address of the head, on one port for all."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _say(**facts: Any) -> None:
    sys.stdout.write(f"{MARK}{json.dumps(facts)}\n")
    sys.stdout.flush()


def _server_context(identity: Path) -> ssl.SSLContext:
    """Return what the front listens with: it shows the identity, and only who shows the same is served."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(identity)
    context.load_verify_locations(identity)
    return context


def _sole(root: Path) -> int:
    """Hold the folder's lock: of two fronts the later one waits for the earlier one's end.

    Raises:
        OSError: it does not end.
    """
    descriptor = os.open(root / "run" / "front.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _OTHER_ENDS_WITHIN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(f"another front works in {root}") from None
            time.sleep(0.1)
        else:
            return descriptor
