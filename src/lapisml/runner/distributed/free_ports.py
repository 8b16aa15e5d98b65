"""Free ports that stay free until a rank listens on them.

A port that was asked of the kernel and let go again may be given to any other process meanwhile. So ports are
taken from outside the range that the kernel gives away by itself, and between jobs each is claimed under a name
of its own: an abstract unix socket, which has the same reach as the ports (the network namespace) and vanishes
with the process that holds it.
"""

from __future__ import annotations

# The C module: `socket` would add its enums, 5 ms.
import _socket
import os
from collections.abc import Iterator

_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
_LOWEST, _HIGHEST = 20_000, 65_535
_FEWEST = 1_000


class PortClaims:
    """Ports claimed for as long as this object, or at most this process, lives.

    Attributes:
        ports: their numbers.
    """

    def __init__(self, count: int) -> None:
        """Claim `count` free loopback ports.

        Raises:
            OSError: there are not so many.
        """
        self.ports: list[int] = []
        self._claims: list[_socket.socket] = []
        for port in _candidates():
            if len(self.ports) == count:
                return
            self._try(port)
        if len(self.ports) < count:
            raise OSError(f"there are no {count} free ports on this machine")

    def _try(self, port: int) -> None:
        claim = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
        try:
            claim.bind(f"\0lapis-port-{port}")
        except OSError:
            claim.close()
            return
        if not _is_free(port):
            claim.close()
            return
        self._claims.append(claim)
        self.ports.append(port)


def _candidates() -> Iterator[int]:
    """Give ports that the kernel does not give away, from a place that differs between processes."""
    low, high = _given_away()
    outside = [p for p in range(_LOWEST, _HIGHEST + 1) if not low <= p <= high]
    usable = outside if len(outside) >= _FEWEST else list(range(_LOWEST, _HIGHEST + 1))
    start = int.from_bytes(os.urandom(4), "big") % len(usable)
    yield from usable[start:]
    yield from usable[:start]


def _given_away() -> tuple[int, int]:
    try:
        with open(_RANGE, "rb") as file:
            low, high = file.read().split()
        return int(low), int(high)
    except (OSError, ValueError):
        return 32_768, 60_999


def _is_free(port: int) -> bool:
    """Say whether anybody could listen on a port, on every address and without special options."""
    for family, address in ((_socket.AF_INET, "0.0.0.0"), (_socket.AF_INET6, "::")):  # noqa: S104 - let go at once
        try:
            probe = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        except OSError:
            continue  # no IPv6 on this machine
        try:
            if family == _socket.AF_INET6:
                probe.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
        except OSError as error:
            if family == _socket.AF_INET or error.errno == 98:
                return False
        finally:
            probe.close()
    return True


def free_run(count: int = 16) -> int:
    """Return the first of `count` consecutive ports that are free at this moment; nothing is claimed.

    Raises:
        OSError: there are not so many.
    """
    low, high = _given_away()
    begin = int.from_bytes(os.urandom(4), "big")
    places = range(_LOWEST, _HIGHEST - count, count)
    outside = [first for first in places if first + count <= low or first > high]
    for index in range(len(outside) or len(places)):
        first = (outside or places)[(begin + index) % len(outside or places)]
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"there are no {count} free ports in a row on this machine")
