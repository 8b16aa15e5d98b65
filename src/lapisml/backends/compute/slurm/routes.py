"""Which of this machine's addresses the nodes reach: the one from which it would speak with them."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence

_MOST_ASKED = 8
_ANY_PORT = 9


def towards(addresses: Sequence[str]) -> str:
    """Return the address that this machine has towards most of some others; empty when it has a way to none.

    Args:
        addresses: names or addresses of the others; a few of them are looked at.
    """
    step = max(1, len(addresses) // _MOST_ASKED)
    found = Counter(own for address in addresses[::step][:_MOST_ASKED] if (own := _towards(address)))
    return found.most_common(1)[0][0] if found else ""


def _towards(address: str) -> str:
    try:
        family, kind, _protocol, _name, place = socket.getaddrinfo(address, _ANY_PORT, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(place)  # a datagram socket's connect sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return ""
