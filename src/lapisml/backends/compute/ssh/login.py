"""The way to a cluster's login host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.backends.compute.ssh.access import read_access
from lapisml.backends.compute.ssh.hostkeys import read_host_keys
from lapisml.backends.compute.ssh.hosts import read_login
from lapisml.backends.compute.ssh.transport import SshTransport


def login_transport(login: Mapping[str, Any], root: str, interpreter: str | None = None) -> SshTransport:
    """Return the transport to the machine that a document's ``login:`` names; connects to nothing.

    Args:
        login: address, port, username, and how to log in, as in ``ssh_settings``; ``known_hosts``, ``host_keys``.
        root: the agent's folder there.
        interpreter: Python there; None means to look for one.

    Raises:
        LapisError: DocumentInvalid for what can't be an address, a user, a key.
    """
    return SshTransport(read_login(login), read_access(login), read_host_keys(login), root, interpreter)
