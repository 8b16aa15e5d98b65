"""The relay's process; started by the supervisor (`lapisml.runner.relay_link`) on the first connection.

SIGTERM: take no more connections, deliver the rest, end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Any

from lapisml.runner import layout, parts, specfile
from lapisml.runner.relay.app import Relay
from lapisml.runner.relay.delivery import Delivery
from lapisml.runner.relay.spool import Spool
from lapisml.runner.relay.upstream import Upstream

_LOOK_EVERY_S = 5.0


def main() -> None:
    """Serve a job; arguments: its folder, and the number of the inherited listening socket, if any."""
    serve(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)


def serve(folder: str, descriptor: int | None) -> None:
    """Serve until the job has ended and everything has been delivered.

    Args:
        folder: the job's.
        descriptor: the listening socket; without one, what the spool holds is delivered and that is all.
    """
    listener = None if descriptor is None else socket.socket(fileno=descriptor)
    os.umask(0o077)
    spec = specfile.read(folder)
    if spec is not None:
        asyncio.run(_run(folder, spec, listener))


async def _run(folder: str, spec: dict[str, Any], listener: socket.socket | None) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    tracking = spec["tracking"]
    spool = Spool(folder, parts.key_of(spec))  # each part of a job has a spool, and they log into one run
    upstream = Upstream(tracking["server_file"])
    delivery = Delivery(spool, upstream, tracking["path"], tracking["token"], folder)
    delivering = asyncio.create_task(delivery.run())
    if listener is not None:
        relay = Relay(tracking["path"], tracking["token"], spool, delivery, upstream)
        server = await asyncio.start_server(relay.serve, sock=listener)
        watching = asyncio.create_task(_watch_folder(folder, ended))
        await ended.wait()
        watching.cancel()
        server.close()
    await delivery.flush()
    delivering.cancel()


async def _watch_folder(folder: str, ended: asyncio.Event) -> None:
    """End with the job even when no supervisor is left to say so."""
    while os.path.exists(folder) and not os.path.exists(os.path.join(folder, layout.EXIT)):
        await asyncio.sleep(_LOOK_EVERY_S)
    ended.set()
