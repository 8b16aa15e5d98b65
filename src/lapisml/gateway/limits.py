"""How much the gateway takes of everything: what is above is refused, what is slower is cut off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on clients.

    Attributes:
        connections: open at once; a further one takes the place of the longest idle, else gets 503.
        head_bytes, headers: of one request's head.
        url_bytes: of the address.
        head_s: time for a head to arrive, seconds, from its first byte.
        idle_s: how long a connection may wait for its next request, seconds.
        body_grace_s, body_rate: a body has this long, and a second more for each so many bytes that came.
        read_s: how long a client may leave an answer lying, seconds.
        linger_s: how long what a refused client still sends is thrown away, so that it reads its answer.
        pipelined: requests that a client may send ahead.
        held_bytes: bodies in memory, over all clients.
        queued: requests that wait for one revision.
        hold_s: how long a request waits for a replica that is being started, seconds, at least.
        resends: how often a request is sent again after its replica died.
        small_body: a refused body up to this size is read, so that the connection can be kept.
    """

    connections: int = 4096
    head_bytes: int = 65_536
    headers: int = 100
    url_bytes: int = 8192
    head_s: float = 10.0
    idle_s: float = 75.0
    body_grace_s: float = 10.0
    body_rate: int = 1000
    read_s: float = 30.0
    linger_s: float = 2.0
    pipelined: int = 16
    held_bytes: int = 512 << 20
    queued: int = 1024
    hold_s: float = 30.0
    resends: int = 2
    small_body: int = 65_536
