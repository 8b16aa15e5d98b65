"""What runs jobs on the node's side: `LocalProcesses`, or what a cluster's engine makes.

An engine is a `lapisml.ports.compute.ComputeBackend` that lives in the agent. Beside ``local`` it is made by
``lapisml.backends.compute.<name>.node:make(root, options)``, where `options` is the plain JSON that the server gives.
It may have one or more of these besides:

* ``listen(tell)``: called once; `tell` takes the name of a job that there is news of, from any thread.
* ``free_ports(count)``: ``(address, first of count consecutive free ports)`` under which other machines reach this one.
* ``address()``: the address of this machine that those reach who run its jobs; empty when that is not known.
* ``verbs``: mapping name → ``callable(body)`` for what is particular to the engine (`RemoteBackend.call`).
"""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ComputeBackend

LOCAL = "local"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}\Z")


def make(name: str, root: Path, options: Mapping[str, Any]) -> ComputeBackend:
    """Make an engine.

    Raises:
        LapisError: NotSupported for a name that none has.
    """
    if name == LOCAL:
        from lapisml.backends.compute.local import LocalProcesses

        return LocalProcesses(root, options.get("python"))
    if not _NAME.match(name):
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"There is no engine named {name!r}.")
    try:
        module = import_module(f"lapisml.backends.compute.{name}.node")
    except ModuleNotFoundError as error:
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"There is no engine named '{name}' on the node: {error}.") from error
    made: ComputeBackend = module.make(root, dict(options))
    return made


def listen(engine: ComputeBackend, tell: Callable[[str], None]) -> None:
    """Have an engine tell of its news, where it does."""
    start = getattr(engine, "listen", None)
    if start is not None:
        start(tell)


def free_ports(engine: ComputeBackend, count: int) -> tuple[str, int]:
    """Return the machine's address for others and the first of `count` consecutive ports, free a moment ago.

    Raises:
        LapisError: Conflict when there are none.
    """
    own = getattr(engine, "free_ports", None)
    if own is not None:
        address, first = own(count)
        return str(address), int(first)
    return own_address(), free_ports_here(count)


def address(engine: ComputeBackend) -> str:
    """Return the address of this machine that those reach who run an engine's jobs; empty when it is not known."""
    own = getattr(engine, "address", None)
    return str(own()) if own is not None else ""


def room(root: Path) -> str:
    """Say how much room the disk of a folder has, for people; empty when it can't be asked."""
    try:
        total, _used, free = shutil.disk_usage(root)
    except OSError:
        return ""
    return f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"


def own_address() -> str:
    """Return the address that this machine uses towards others; its name where it has no way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # RFC 5737: nothing is sent by connecting a datagram socket
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def free_ports_here(count: int) -> int:
    """Return the first of so many consecutive ports that are free on this machine.

    Raises:
        LapisError: Conflict where there are none.
    """
    for _attempt in range(50):
        with socket.socket() as probe:
            probe.bind(("", 0))
            first = probe.getsockname()[1]
        if first + count < 65536 and all(_is_free(port) for port in range(first, first + count)):
            return int(first)
    raise LapisError(ErrorCode.CONFLICT, f"There are no {count} free ports in a row on {socket.gethostname()}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
