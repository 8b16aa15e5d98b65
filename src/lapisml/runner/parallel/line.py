"""The connection between a mini-batch job's driver and the crew of another machine. Standard library only.

Whoever connects proves that it knows the job's secret, and so does the driver: each side gives a random number, and
the keyed digest (HMAC-SHA256) of both. The secret itself is never sent. From both numbers come the keys of the two
directions; every frame carries a digest over its number and its content, so nobody can add, change, repeat or leave
out one. What is sent is not encrypted, like all that the machines of a job tell each other.

Frame: length of the content (4 bytes, big-endian), kind (1 byte), content, digest (32 bytes). A *head* is JSON; its
``sizes`` say how many bytes of which files follow as *data*. A side with nothing to say sends a beat; one that is not
heard for `QUIET_S` counts as cut off.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import queue
import secrets
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

QUIET_S = 30.0
"""How long a side may be silent before it counts as cut off."""
BEAT_S = 5.0
GREETING_S = 10.0
"""How long the proof of the secret may take."""

_MAGIC = b"lapis-crew 1\n"
_NUMBER, _DIGEST = 32, 32
_HEAD, _DATA = 0, 1
_PREFIX = struct.Struct(">IB")
_PIECE, _LONGEST_HEAD = 1 << 20, 1 << 26

Place = Callable[[dict[str, Any]], Sequence[str]]
"""Says where the files go that follow a head; called in the line's own thread."""


class LineError(Exception):
    """What came is not what the other side of a job would send; the text says why."""


def admit(connection: socket.socket, secret: bytes) -> tuple[int, bytes, bytes]:
    """Let somebody prove to be of this job; the driver's side.

    Args:
        connection: new, blocking.
        secret: the job's.

    Returns:
        The machine's number, and the keys for sending and for receiving.

    Raises:
        LineError: it does not know the secret.
        OSError: the connection broke, or it took longer than `GREETING_S`.
    """
    connection.settimeout(GREETING_S)
    ours = secrets.token_bytes(_NUMBER)
    connection.sendall(_MAGIC + ours)
    said = _exactly(connection, len(_MAGIC) + _NUMBER + 4 + _DIGEST)
    if not said.startswith(_MAGIC):
        raise LineError("it speaks another language")
    theirs, node = said[len(_MAGIC) : -4 - _DIGEST], said[-4 - _DIGEST : -_DIGEST]
    talk = ours + theirs + node
    if not hmac.compare_digest(said[-_DIGEST:], _proof(secret, b"crew", talk)):
        raise LineError("it does not know the job's secret")
    connection.sendall(_proof(secret, b"driver", talk))
    return int.from_bytes(node, "big"), _proof(secret, b"to crew", talk), _proof(secret, b"to driver", talk)


def introduce(connection: socket.socket, secret: bytes, node: int) -> tuple[bytes, bytes]:
    """Prove to be of the job, and have the driver prove it; the other machine's side.

    Args:
        connection: new, blocking.
        secret: the job's.
        node: this machine's number.

    Returns:
        The keys for sending and for receiving.

    Raises:
        LineError: who answers is not the job's driver, or does not take us for one of the job.
        OSError: the connection broke, or it took longer than `GREETING_S`.
    """
    connection.settimeout(GREETING_S)
    said = _exactly(connection, len(_MAGIC) + _NUMBER)
    if not said.startswith(_MAGIC):
        raise LineError("what answers there is another program")
    ours, number = secrets.token_bytes(_NUMBER), node.to_bytes(4, "big")
    talk = said[len(_MAGIC) :] + ours + number
    connection.sendall(_MAGIC + ours + number + _proof(secret, b"crew", talk))
    if not hmac.compare_digest(_exactly(connection, _DIGEST), _proof(secret, b"driver", talk)):
        raise LineError("what answers there does not know the job's secret")
    return _proof(secret, b"to driver", talk), _proof(secret, b"to crew", talk)


class Line:
    """A connection whose both ends have proved to be of one job.

    Args:
        connection: after `admit` or `introduce`.
        keys: for sending and for receiving.
        place: says where files go that come.
        wake: called, from any thread, when there is something to take with `received`, and when the line has ended.
    """

    def __init__(
        self, connection: socket.socket, keys: tuple[bytes, bytes], place: Place, wake: Callable[[], None]
    ) -> None:
        connection.settimeout(QUIET_S)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._send_key, self._receive_key = keys
        self._place = place
        self._wake = wake
        self._sent = self._got = 0
        self._outgoing: queue.Queue[tuple[dict[str, Any], Sequence[str], bool] | None] = queue.Queue()
        self._received: deque[dict[str, Any]] = deque()
        self._ended: str | None = None
        self._reader = threading.Thread(target=self._read, name="line-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="line-writer", daemon=True)

    def start(self) -> None:
        """Begin to listen and to speak."""
        self._reader.start()
        self._writer.start()

    @property
    def ended(self) -> str | None:
        """Why the line has ended; None while it lives, and while something is left to take."""
        return None if self._received else self._ended

    def send(self, head: dict[str, Any], files: Sequence[str] = (), *, remove: bool = False) -> None:
        """Send a message, and files with it; returns at once.

        Args:
            head: plain JSON.
            files: their paths; read when their turn comes.
            remove: whether they are removed then.
        """
        self._outgoing.put((head, files, remove))

    def received(self) -> list[dict[str, Any]]:
        """Return the messages that have come; ``placed`` says where the files lie that came with each."""
        found = []
        while self._received:
            found.append(self._received.popleft())
        return found

    def finish(self, timeout_s: float) -> None:
        """Send what waits, for at most so long, and close."""
        self._outgoing.put(None)
        self._writer.join(timeout_s)
        self.close("it was closed here")

    def close(self, why: str) -> None:
        """Close at once; a second time does nothing."""
        self._ended = self._ended or why
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        self._wake()

    def _read(self) -> None:
        try:
            while True:
                head = json.loads(self._frame(_HEAD, _LONGEST_HEAD))
                if "beat" in head:
                    continue
                self._received.append({**head, "placed": self._files(head)})
                self._wake()
        except TimeoutError:
            self.close(f"nothing was heard of it for {QUIET_S:g} s")
        except (OSError, LineError, ValueError) as error:
            self.close(str(error) or type(error).__name__)

    def _files(self, head: dict[str, Any]) -> list[str]:
        """Receive what follows a head; return where it lies."""
        sizes = head.get("sizes") or ()
        places = list(self._place(head)) if sizes else []
        for size, path in zip(sizes, places, strict=True):
            self._file(size, path)
        return places

    def _file(self, size: int, path: str) -> None:
        with open(path, "wb") as file:
            while size:
                piece = self._frame(_DATA, min(size, _PIECE))
                if not piece:
                    raise LineError("a piece of a file is empty")
                file.write(piece)
                size -= len(piece)

    def _frame(self, kind: int, longest: int) -> bytes:
        length, came = _PREFIX.unpack(_exactly(self._connection, _PREFIX.size))
        if came != kind or length > longest:
            raise LineError("the frames are out of order")
        content = _exactly(self._connection, length + _DIGEST)
        expected = _digest(self._receive_key, self._got, kind, content[:length])
        if not hmac.compare_digest(content[length:], expected):
            raise LineError("a frame was changed on its way")
        self._got += 1
        return content[:length]

    def _write(self) -> None:
        try:
            while True:
                try:
                    item = self._outgoing.get(timeout=BEAT_S)
                except queue.Empty:
                    self._put(_HEAD, b'{"beat": 1}')
                    continue
                if item is None:
                    return
                self._message(*item)
        except OSError as error:
            self.close(str(error) or type(error).__name__)

    def _message(self, head: dict[str, Any], paths: Sequence[str], remove: bool) -> None:
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(open(path, "rb")) for path in paths]
            sizes = [os.fstat(file.fileno()).st_size for file in files]
            self._put(_HEAD, json.dumps({**head, "sizes": sizes} if files else head).encode())
            for file, size in zip(files, sizes, strict=True):
                self._put_file(file, size)
        for path in paths if remove else ():
            os.unlink(path)

    def _put_file(self, file: BinaryIO, size: int) -> None:
        while size:
            piece = file.read(min(size, _PIECE))
            if not piece:
                raise OSError("a file became shorter while it was sent")
            self._put(_DATA, piece)
            size -= len(piece)

    def _put(self, kind: int, content: bytes) -> None:
        digest = _digest(self._send_key, self._sent, kind, content)
        self._sent += 1
        self._connection.sendall(b"".join((_PREFIX.pack(len(content), kind), content, digest)))


def _proof(secret: bytes, who: bytes, talk: bytes) -> bytes:
    return hmac.digest(secret, b"lapis mini-batches " + who + b"\0" + talk, "sha256")


def _digest(key: bytes, number: int, kind: int, content: bytes) -> bytes:
    return hmac.digest(key, b"".join((number.to_bytes(8, "big"), bytes((kind,)), content)), "sha256")


def _exactly(connection: socket.socket, count: int) -> bytes:
    """Receive so many bytes.

    Raises:
        OSError: the other side has closed, or is silent.
    """
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(min(count - len(data), _PIECE))
        if not piece:
            raise ConnectionResetError("the connection was closed")
        data += piece
    return bytes(data)
