"""Signatures that let their holder into one container, for a time: the part of an address after ``?``.

The keys are those of a service SAS (https://learn.microsoft.com/rest/api/storageservices/create-service-sas):
``sv`` version, ``sr=c`` a container, ``se`` the end in UTC, ``sp`` what is allowed, ``sig`` the HMAC-SHA256 of the
rest. What is signed is our own text, since nobody but this server makes or reads it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.vault import Vault

VERSION = "2021-08-06"
"""The version of the protocol that signatures name; it decides nothing here."""

PERMISSIONS = "racwdl"
"""Read, add (append), create, write, delete, list; given in this order."""

_FORM = "%Y-%m-%dT%H:%M:%SZ"


class BlobSigner:
    """Makes and checks signatures.

    Args:
        vault: holds the key.
    """

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._key = vault.subkey("blob-signatures")
        self._clock = clock

    def sas(self, workspace: str, container: str, permissions: str, lifetime_s: int) -> str:
        """Return the query of an address (no ``?``) that opens one container.

        Args:
            permissions: some of `PERMISSIONS`, in any order.
            lifetime_s: seconds from now on.

        Raises:
            ValueError: another permission.
        """
        if not permissions or set(permissions) - set(PERMISSIONS):
            raise ValueError(f"permissions are some of {PERMISSIONS!r}, not {permissions!r}")
        allowed = "".join(sign for sign in PERMISSIONS if sign in permissions)
        end = datetime.fromtimestamp(self._clock.now_ms() // 1000 + lifetime_s, UTC).strftime(_FORM)
        signature = self._sign(workspace, container, allowed, end, VERSION)
        pairs = {"sv": VERSION, "sr": "c", "se": end, "sp": allowed, "sig": signature}
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs.items())

    def check(self, workspace: str, container: str, query: Mapping[str, str]) -> str:
        """Return what a signature allows, some of `PERMISSIONS`.

        Args:
            query: decoded pairs of the address.

        Raises:
            LapisError: Unauthenticated when it is not ours, is for another container, or has ended.
        """
        allowed, end = query.get("sp", ""), query.get("se", "")
        expected = self._sign(workspace, container, allowed, end, query.get("sv", ""))
        if query.get("sr") != "c" or not hmac.compare_digest(_bytes(expected), _bytes(query.get("sig", ""))):
            raise _refused("The signature of this address is not valid.")
        if datetime.strptime(end, _FORM).replace(tzinfo=UTC).timestamp() * 1000 <= self._clock.now_ms():
            raise _refused(f"The signature of this address ended at {end}.")
        return allowed

    @staticmethod
    def is_one(query: str) -> bool:
        """Say whether a text looks like a signature that a server of ours made, valid or not."""
        pairs = dict(parse_qsl(query))
        return pairs.keys() == {"sv", "sr", "se", "sp", "sig"} and (pairs["sv"], pairs["sr"]) == (VERSION, "c")

    def _sign(self, *parts: str) -> str:
        text = "\n".join(f"{len(part)}:{part}" for part in parts)
        digest = hmac.new(self._key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def _bytes(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _refused(sentence: str) -> LapisError:
    return LapisError(ErrorCode.UNAUTHENTICATED, sentence, "Ask for the address, or the datastore's secrets, again.")
