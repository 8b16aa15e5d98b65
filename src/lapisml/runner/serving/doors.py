"""The door of a keeper: how a gateway on another machine comes to the replicas that it keeps.

A door listens on TCP and speaks TLS 1.3. Both sides show the same certificate, made for the one revision and known to
nobody else, and accept no other: whoever can't prove that he has its key is neither let in nor talked to. Then come
the frames of `lapisml.scoring.lapis_scoring.frames`. The first, `OPEN`, says with whom the rest is:

* ``{"revision", "replica": n}``: everything after it goes to and comes from the socket of replica *n*.
* ``{"revision"}``: the keeper. It sends its record (`RECORD`, the JSON of a `RevisionRecord`) at once and whenever it
  changes, answers PING with PONG, and takes what is told to a keeper's control socket (`TELL`, a JSON object).

Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lapisml.ports.serving import RevisionRecord
from lapisml.scoring.lapis_scoring import frames

OPEN = 6
"""Client → door, first of all: whom it wants."""
TELL = 7
"""Client → door: a message to the keeper."""
RECORD = 8
"""Door → client: how the keeper's replicas are."""

STATE_LOG = "system_logs/serving.json"
"""Where in its job's folder a keeper with a door leaves its record, for whoever can read the job's logs."""
SWAGGER_LOG = "system_logs/serving-swagger.json"
"""The same for the model's OpenAPI document."""

_SIOCGIFADDR = 0x8915
_SILENT_S = 20
"""After this long without a sign of life the kernel gives a connection up, seconds."""


class DoorError(OSError):
    """The door is not there, or the keeper behind it did not take what it was told."""


def context(path: Path, *, is_door: bool) -> ssl.SSLContext:
    """Make the TLS context of one side.

    Args:
        path: file with certificate and key.
        is_door: whether it is for the door, else for who knocks.

    Raises:
        OSError, ssl.SSLError: the file is not there, or not what it should be.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_door else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False  # the certificate is pinned: no other is trusted, whatever name it bears
    made.verify_mode = ssl.CERT_REQUIRED
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.load_cert_chain(path)
    made.load_verify_locations(path)
    return made


def opening(revision: str, replica: int | None = None) -> bytes:
    """Give the first frame to a door: the keeper is wanted, or a replica."""
    head: dict[str, Any] = {"revision": revision}
    if replica is not None:
        head["replica"] = replica
    return frames.pack(OPEN, 0, b"", frames.pack_head(head))


def telling(message: Mapping[str, Any]) -> bytes:
    """Give the frame that tells a keeper something."""
    return frames.pack(TELL, 0, json.dumps(message).encode())


def watch_over(connection: socket.socket) -> None:
    """Have the kernel find out when the other side is gone without a word."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENT_S // 2)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, _SILENT_S // 8))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_S * 1000)


def tell_keeper(
    address: str, port: int, path: Path, revision: str, message: Mapping[str, Any], timeout_s: float = 2.0
) -> None:
    """Tell the keeper behind a door something, and wait until the door has taken it.

    Args:
        address, port: of the door.
        path: file with the revision's certificate and key.
        revision: its name.
        message: what the keeper's control socket takes.
        timeout_s: for each step, seconds.

    Raises:
        DoorError: it could not be told.
    """
    try:
        with contextlib.ExitStack() as stack:
            bare = stack.enter_context(socket.create_connection((address, port), timeout=timeout_s))
            line = stack.enter_context(context(path, is_door=False).wrap_socket(bare))
            line.sendall(opening(revision) + telling(message) + frames.pack(frames.PING, 1))
            if not any(frame.kind == frames.PONG for frame in _heard(line)):
                raise DoorError(f"The door at {address}:{port} closed before it took the message.")
    except (OSError, frames.FrameError) as error:
        raise DoorError(str(error)) from error


def _heard(line: ssl.SSLSocket) -> Iterator[frames.Frame]:
    parser = frames.Parser()
    while data := line.recv(1 << 16):
        yield from parser.feed(data)


def answers(address: str, port: int, path: Path, revision: str, timeout_s: float = 1.0) -> bool:
    """Say whether the door of a revision is there; arguments as `tell_keeper`."""
    try:
        tell_keeper(address, port, path, revision, {"do": "nothing"}, timeout_s)
    except DoorError:
        return False
    return True


def own_addresses() -> list[str]:
    """Give the addresses of this machine under which others may reach it, the likeliest first; loopback is last.

    The first is the one that a connection to elsewhere would come from; nothing is sent to find it out. The others
    are those of its network devices (netdevice(7)).
    """
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        with contextlib.suppress(OSError):
            asked.connect(("192.0.2.1", 9))  # RFC 5737: an address that is nobody's
            found.append(str(asked.getsockname()[0]))
        for _number, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asked.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found.append(socket.inet_ntoa(answer[20:24]))
    return [*dict.fromkeys(one for one in found if not one.startswith("127.")), "127.0.0.1"]


def read_record(body: bytes) -> RevisionRecord | None:
    """Read the record that a door sent, or that lies in `STATE_LOG`; None when it is none."""
    try:
        return RevisionRecord.from_json(json.loads(body))
    except (ValueError, TypeError, AttributeError, struct.error):
        return None


def state_of(states: Sequence[str]) -> str:
    """Give the state of a revision whose shares are in these states.

    It is ready as soon as one is: the others only add to it.
    """
    for state in ("ready", "starting", "zero", "failed"):
        if state in states:
            return state
    return "stopped" if states else "starting"


def split_load(load: float, takes: Sequence[float]) -> list[float]:
    """Share a load out among keepers that answer: each gets as much as it takes, the last one what is left.

    Where there is little load, all of it counts for the first, so that the others may rest.

    Args:
        load: requests under way and waiting.
        takes: what each keeper takes.
    """
    parts = []
    for take in takes[:-1]:
        part = min(load, max(0.0, take))
        parts.append(part)
        load -= part
    return [*parts, load] if takes else []
