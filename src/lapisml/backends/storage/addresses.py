"""Which network addresses may be connected to: the guard against server-side request forgery.

A name is resolved once, every address that it has is checked, and the connection goes to a checked address,
so that a name that changes its mind between check and connection (DNS rebinding) gains nothing. Ranges after
https://www.iana.org/assignments/iana-ipv4-special-registry and the clouds' metadata addresses.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from lapisml.core.errors import ErrorCode, LapisError

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Endpoint:
    """A checked address: pass `family` and `address` to a socket, keep `host` for TLS and the Host header."""

    host: str
    port: int
    family: int
    address: str


def resolve_checked(host: str, port: int, *, allow_private: bool) -> list[Endpoint]:
    """Resolve `host` and return its addresses, all of them checked.

    Args:
        allow_private: private and loopback ranges may be used; link-local and metadata addresses never.

    Raises:
        LapisError: AddressNotAllowed when any address of the name is blocked, StorageUnreachable when the
            name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LapisError(ErrorCode.STORAGE_UNREACHABLE, f"The host '{host}' can't be found: {error}.") from error
    endpoints = [Endpoint(host, port, family, str(sockaddr[0])) for family, _, _, _, sockaddr in found]
    for endpoint in endpoints:
        reason = why_blocked(ipaddress.ip_address(endpoint.address.split("%")[0]), allow_private=allow_private)
        if reason is not None:
            raise _not_allowed(host, reason)
    return endpoints


def check_url(url: str, *, allow_private: bool) -> None:
    """Check that `url` is http or https and leads to an allowed address.

    Raises:
        LapisError: AddressNotAllowed, StorageUnreachable.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LapisError(ErrorCode.ADDRESS_NOT_ALLOWED, f"'{parts.scheme}' is not a scheme that may be used here.")
    resolve_checked(parts.hostname, port_of(url), allow_private=allow_private)


def port_of(url: str) -> int:
    """Return the port of an http(s) address.

    Raises:
        LapisError: AddressNotAllowed for a port that is not a number from 1 to 65535.
    """
    parts = urlsplit(url)
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise LapisError(ErrorCode.ADDRESS_NOT_ALLOWED, f"The port of '{parts.hostname}' is not valid.") from error


def why_blocked(address: Address, *, allow_private: bool) -> str | None:
    """Say why `address` may not be connected to; None when it may."""
    inner = _embedded(address)
    if inner is not None:
        return why_blocked(inner, allow_private=allow_private)
    if address in _METADATA or address.is_link_local:
        return "a link-local or metadata address"
    if address.is_multicast or address.is_unspecified or (address.is_reserved and not address.is_loopback):
        return "not the address of a host"
    if not allow_private and (address.is_private or not address.is_global):
        return "a private address"
    return None


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address within an IPv6 one: mapped, 6to4, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _not_allowed(host: str, reason: str) -> LapisError:
    hint = None
    if reason == "a private address":
        hint = "If this is a store of yours, start the server with LAPIS_ALLOW_PRIVATE_ADDRESSES=1."
    return LapisError(ErrorCode.ADDRESS_NOT_ALLOWED, f"'{host}' is {reason}; it is not connected to.", hint)
