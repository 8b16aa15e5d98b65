"""Ports that nobody else gets meanwhile."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from lapisml.runner.distributed.free_ports import PortClaims

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_CLAIM = "from lapisml.runner.distributed.free_ports import PortClaims; print(*PortClaims(200).ports)"


def test_anybody_can_listen_on_a_claimed_port() -> None:
    for port in PortClaims(3).ports:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            listener.listen()


def test_the_kernel_gives_no_claimed_port_away() -> None:
    low, high = map(int, _RANGE.read_text().split())
    assert not [port for port in PortClaims(50).ports if low <= port <= high]


def test_two_jobs_never_get_the_same_port() -> None:
    """Also where they are different processes and nobody listens yet."""
    held = PortClaims(200)
    other = subprocess.run([sys.executable, "-c", _CLAIM], capture_output=True, text=True, check=True)
    assert not set(held.ports) & set(map(int, other.stdout.split()))


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    port = PortClaims(1).ports[0]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        claims = [PortClaims(100) for _round in range(3)]
        assert port not in [taken for claim in claims for taken in claim.ports]
