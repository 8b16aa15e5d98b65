"""Ports: the one asked for, else the one used last, else the next free one."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.files import write_private

_PORTS_TRIED = 100


def bind(host: str, wanted: int, remembered: Path, first: int, hint: str) -> socket.socket:
    """Bind a port and listen on it.

    Args:
        wanted: the port; 0: the one written in `remembered`, else the first free one from `first` on, which is
            then remembered.
        hint: how to choose another one.

    Raises:
        LapisError: Usage when the port or the address can't be had.
    """
    if wanted:
        return _bound(host, wanted, hint)
    listener = _first_free(
        host, [port for port in (_read_port(remembered), *range(first, first + _PORTS_TRIED)) if port], hint
    )
    try:
        write_private(remembered, f"{listener.getsockname()[1]}\n".encode())
    except BaseException:
        listener.close()
        raise
    return listener


def _first_free(host: str, ports: list[int], hint: str) -> socket.socket:
    for port in ports:
        try:
            return _bound(host, port, hint)
        except LapisError as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno != errno.EADDRINUSE:
                raise
    raise LapisError(ErrorCode.USAGE, f"No port from {ports[-1] - _PORTS_TRIED + 1} on is free on {host}.")


def _bound(host: str, port: int, hint: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise LapisError(ErrorCode.USAGE, f"Can't listen on {host}:{port}: {error.strerror or error}.", hint) from error
    listener.setblocking(False)
    return listener


def _read_port(file: Path) -> int | None:
    try:
        port = int(file.read_text())
    except (OSError, ValueError):
        return None
    return port if 0 < port < 65536 else None
