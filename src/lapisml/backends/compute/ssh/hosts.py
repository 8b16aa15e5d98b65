"""Which machines a document names, and which place for a job lies on which of them."""

from __future__ import annotations

import getpass
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.turns import in_turns

PORT = 22

_ADDRESS = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,252}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?\Z")


@dataclass(frozen=True)
class SshHost:
    """A machine.

    Attributes:
        address: host name or IP address.
        port: of its SSH server.
        username: whom to log in as.
        slots: jobs that it runs at a time.
    """

    address: str
    port: int
    username: str
    slots: int = 1

    @property
    def name(self) -> str:
        """How messages name it: the address, with the port where it is not 22."""
        if self.port == PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def read_hosts(document: Mapping[str, Any]) -> list[SshHost]:
    """Return the machines of a document of type ``virtualmachine``, in its order.

    Raises:
        LapisError: DocumentInvalid for a word that is no address and no user name, and without any machine.
    """
    settings = document.get("ssh_settings") or {}
    named = document.get("hosts") or [document.get("address")]
    usual = {"slots": document.get("slots"), "port": settings.get("ssh_port"), "username": _user_of(settings)}
    return [_host({**usual, **_given(one)}) for one in named]


def read_login(login: Mapping[str, Any]) -> SshHost:
    """Return the machine of a document's ``login:``.

    Raises:
        LapisError: as `read_hosts`.
    """
    port = login.get("port") or login.get("ssh_port")
    return _host({"address": login.get("address"), "port": port, "username": _user_of(login)})


def places(hosts: Sequence[SshHost]) -> list[int]:
    """Return which host each place for a job lies on: hosts take turns, so that jobs spread over them."""
    return in_turns([host.slots for host in hosts])


def _user_of(settings: Mapping[str, Any]) -> Any:
    return settings.get("username") or settings.get("admin_username")


def _given(one: Any) -> dict[str, Any]:
    return {k: v for k, v in one.items() if v is not None} if isinstance(one, Mapping) else {"address": one}


def _host(facts: Mapping[str, Any]) -> SshHost:
    address, user = str(facts.get("address") or ""), str(facts.get("username") or getpass.getuser())
    if not _ADDRESS.match(address):
        sentence = f"{address[:80]!r} is no address of a machine."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, "Give a host name or an IP address, without a user.")
    if not _USER.match(user):
        sentence = f"{user[:80]!r} is no user name that one can log in as."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, "Letters, digits, `_`, `.` and `-`, no dash in front.")
    port, slots = int(facts.get("port") or PORT), int(facts.get("slots") or 1)
    if not 0 < port < 65536:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"{port} is no port.", "1 to 65535; SSH servers listen on 22.")
    return SshHost(address, port, user, slots)
