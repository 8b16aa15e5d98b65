"""How another machine of a mini-batch job reaches its driver: tries until it is let in."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable

from lapisml.runner.parallel import line
from lapisml.runner.parallel.line import Line, LineError, Place

FIRST_S = 7200.0
"""How long the driver is waited for that has not answered yet: its machine may be building the environment."""
CUT_OFF_S = 60.0
"""How long a machine that had been let in tries to come back, and one that is not let in goes on trying."""
_CONNECT_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


class Dialing:
    """Connects to the driver, in a thread.

    Args:
        address: of the driver.
        secret: the job's.
        node: this machine's number.
        place, wake: of the lines that it makes.
        limit_s: when it gives up on one that does not answer.
    """

    def __init__(
        self,
        address: tuple[str, int],
        secret: bytes,
        node: int,
        place: Place,
        wake: Callable[[], None],
        limit_s: float,
    ) -> None:
        self._address = address
        self._secret = secret
        self._node = node
        self._place = place
        self._wake = wake
        self._limit_s = limit_s
        self._made: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self.failure: str | None = None
        threading.Thread(target=self._run, name="dialing", daemon=True).start()

    def line(self) -> Line | None:
        """Return the line, once, when there is one."""
        return None if self._made.empty() else self._made.get()

    def _run(self) -> None:
        begun, pause = time.monotonic(), _FIRST_PAUSE_S
        refused_since: float | None = None
        while True:
            try:
                self._made.put(self._connected())
                break
            except LineError as error:
                why, limit_s = str(error), CUT_OFF_S
                refused_since = refused_since or time.monotonic()
                since = refused_since
            except OSError as error:
                why, limit_s, since, refused_since = str(error), self._limit_s, begun, None
            if time.monotonic() - since > limit_s:
                self.failure = f"the driver at {self._address[0]} port {self._address[1]} can't be reached: {why}"
                break
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        self._wake()

    def _connected(self) -> Line:
        connection = socket.create_connection(self._address, timeout=_CONNECT_S)
        try:
            keys = line.introduce(connection, self._secret, self._node)
        except ConnectionError as error:
            connection.close()
            raise LineError("the driver closed the connection instead of letting this machine in") from error
        except (LineError, OSError):
            connection.close()
            raise
        return Line(connection, keys, self._place, self._wake)
