"""Copies of a process that has loaded a model: each becomes a replica, and all share the model's memory.

A copy is there in milliseconds, however long loading took, and costs only the memory that it writes to (fork(2)). That
is safe only while the process has one thread and holds nothing that two can't use at once; what holds more, or has
started threads, becomes a replica itself, and others are started afresh.

The keeper asks on a socket of sequenced packets: ``{"number": n}`` with the listening socket and the log as
descriptors. It is told ``{"fit": true}`` or ``{"unfit": reason}`` after loading, then ``{"number", "pid"}`` for each
copy, which is the keeper's own child: the process between the two ends at once.
"""

from __future__ import annotations

import array
import gc
import json
import os
import random
import socket
import sys
import time
from typing import Any, NamedTuple

_MOST_BYTES = 4096
_ADOPTION_S = 5.0
_FORKED = {"jemalloc_bg_thd"}
"""Threads whose library stops them before a fork and starts them again in both processes."""
_DEVICES = ("/dev/nvidia", "/dev/dri", "/dev/kfd")


class Place(NamedTuple):
    """What a replica is told when it begins: its number and its listening socket."""

    number: int
    descriptor: int


def serve(control: int, first: Place, obstacle: str | None) -> Place:
    """Make copies for as long as the keeper wants some; return in each copy, or here when none can be made.

    Args:
        control: descriptor of the socket to the keeper.
        first: the place for which this process was started.
        obstacle: why no copies can be made, None when nothing is known to be in their way.

    Returns:
        The place that this process is to take now.
    """
    line = socket.socket(fileno=control)
    reason = obstacle or unfit({control, first.descriptor})
    if reason is not None:
        _say(line, {"unfit": reason})
        line.close()
        return first
    os.close(first.descriptor)
    gc.collect()
    gc.freeze()
    _say(line, {"fit": True})
    keeper = os.getppid()
    while True:
        asked, descriptors = _hear(line)
        if asked is None:
            os._exit(0)
        if _is_copy():
            _begin(line, asked["number"], descriptors[1], keeper)
            return Place(asked["number"], descriptors[0])
        for descriptor in descriptors:
            os.close(descriptor)


def unfit(known: set[int]) -> str | None:
    """Say why this process can't be copied; None when it can.

    Args:
        known: descriptors that are no obstacle.
    """
    if _threads():
        return f"what it has loaded has started threads ({', '.join(sorted(_threads()))})"
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the listing's own
            continue
        if target.startswith("socket:") and int(name) not in known:
            return "what it has loaded holds a connection"
        if target.startswith(_DEVICES):
            return "what it has loaded holds a graphics processor"
    return None


def _threads() -> set[str]:
    """Give the names of the threads beside this one that a copy would miss."""
    found = set()
    for task in os.listdir("/proc/self/task"):
        if int(task) == os.getpid():
            continue
        try:
            with open(f"/proc/self/task/{task}/comm", encoding="utf-8", errors="replace") as file:
                found.add(file.read().strip())
        except OSError:  # it has ended
            continue
    return found - _FORKED


def _is_copy() -> bool:
    """Fork twice; True in the copy, whose parent ends at once so that the keeper becomes it."""
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return False
    if os.fork():
        os._exit(0)
    return True


def _begin(line: socket.socket, number: int, log: int, keeper: int) -> None:
    """Become a process of its own: session, log, random numbers; tell the keeper."""
    os.setsid()
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.environ["AZUREML_PROCESS_NAME"] = f"replica_{number}"
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    until = time.monotonic() + _ADOPTION_S
    while os.getppid() != keeper:
        if time.monotonic() > until:
            os._exit(1)
        time.sleep(0.0005)
    _say(line, {"number": number, "pid": os.getpid()})
    line.close()


def _say(line: socket.socket, message: dict[str, Any]) -> None:
    try:
        line.send(json.dumps(message).encode())
    except OSError:  # the keeper has gone
        os._exit(0)


def _hear(line: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Wait for a request; None when the keeper wants no more copies."""
    descriptors = array.array("i")
    data, ancillary, _flags, _address = line.recvmsg(_MOST_BYTES, socket.CMSG_SPACE(2 * descriptors.itemsize))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return (json.loads(data) if data else None), list(descriptors)
