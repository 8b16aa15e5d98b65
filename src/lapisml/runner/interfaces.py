"""Which network interface leads to a host; standard library, Linux.

The kernel's routing answers when a datagram socket is connected (nothing is sent): its own address is then the one
that packets would bear. The interface with that address is looked up with ``SIOCGIFCONF`` (netdevice(7)), or for
IPv6 in ``/proc/net/if_inet6``.
"""

from __future__ import annotations

import array
import fcntl
import ipaddress
import socket
import struct

_SIOCGIFCONF = 0x8912
_ENTRY = 40
"""Bytes of a ``struct ifreq`` on 64-bit Linux: 16 for the name, 24 for the address."""
_MOST = 512
_IF_INET6 = "/proc/net/if_inet6"
_DISCARD = 9


def towards(host: str) -> str | None:
    """Return the name of the interface through which `host` is reached; None when that can't be found out.

    Args:
        host: name or address.
    """
    address = source_address(host)
    if address is None:
        return None
    if ":" in address:
        return _of_ipv6(address)
    if address.startswith("127."):
        return "lo"
    return _of_ipv4(address)


def source_address(host: str) -> str | None:
    """Return the address of this machine that packets to `host` bear; None when there is no way to it."""
    try:
        found = socket.getaddrinfo(host, _DISCARD, type=socket.SOCK_DGRAM)
    except OSError:
        return None
    for family, kind, protocol, _name, address in found:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.connect(address)
                return str(probe.getsockname()[0]).partition("%")[0]
        except OSError:
            continue
    return None


def _of_ipv4(address: str) -> str | None:
    table = array.array("B", bytes(_ENTRY * _MOST))
    where, size = table.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            answer = fcntl.ioctl(asked.fileno(), _SIOCGIFCONF, struct.pack("iL", size, where))
        except OSError:
            return None
    filled, _where = struct.unpack("iL", answer)
    for begin in range(0, filled, _ENTRY):
        entry = table[begin : begin + _ENTRY].tobytes()
        if socket.inet_ntoa(entry[20:24]) == address:
            return entry[:16].partition(b"\0")[0].decode().partition(":")[0]  # eth0:1 is an address more of eth0
    return None


def _of_ipv6(address: str) -> str | None:
    if address == "::1":
        return "lo"
    wanted = ipaddress.IPv6Address(address).packed.hex()
    try:
        with open(_IF_INET6, encoding="ascii") as file:
            lines = [line.split() for line in file]
    except OSError:
        return None
    return next((fields[5] for fields in lines if len(fields) > 5 and fields[0] == wanted), None)
